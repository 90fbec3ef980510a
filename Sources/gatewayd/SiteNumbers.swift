import Dispatch
import Hosting
import Intake
import Plates

extension SiteWorker {
    /// Numbers for the metrics page.
    struct Numbers: Sendable {
        var gateway: GatewayCounts?
        var summary = Summary()
        var messages = 0
        var putOff: [String: Int] = [:]
        var held = 0
        var open = 0
        var hoursHeld = 0
        var hoursAhead = 0
        var isVaultThere = false
        var firstOpenHour: UInt32 = 0
    }

    /// Numbers as of now.
    var report: Numbers {
        state.sync {
            var numbers = numbers
            numbers.isVaultThere = isVaultThere
            for reception in receptions.values {
                numbers.summary.add(reception.summary)
                numbers.held += reception.held
            }
            numbers.open = open.count
            guard let gateway else { return numbers }
            let held = gateway.hoursHeld
            numbers.gateway = gateway.counts
            numbers.hoursHeld = held.count
            numbers.hoursAhead = held.filter { $0 > now.hour }.count
            numbers.firstOpenHour = gateway.firstOpenHour.number
            return numbers
        }
    }
}

extension SiteWorker.Numbers {
    /// The page of them.
    var page: MetricsPage {
        var page = MetricsPage()
        guard let gateway else { return page }
        page.add("messages_total", .counter, "messages taken in", messages)
        page.add("reads_total", .counter, "reads that messages gave", summary.reads)
        page.add("reads_sealed_total", .counter, "reads sealed", gateway.sealed)
        page.add("rows_delivered_total", .counter, "rows that the vault has", gateway.delivered)
        page.add(
            "duplicates_total", .counter, "messages and reads that came again", summary.duplicates)
        page.add("ignored_total", .counter, "heartbeats and the like", summary.ignored)
        page.add(
            "without_plate_total", .counter, "messages that name no plate", summary.withoutPlate)
        page.add(
            "folded_total", .counter, "results of frames that are one read with their passage",
            summary.folded)
        page.add(
            "clocks_off_total", .counter, "reads of devices whose clock is far off",
            summary.clocksOff)
        page.add(
            "refused_total", .counter, "messages and reads refused, by code", by: "code",
            summary.refused.merging(gateway.refused, uniquingKeysWith: +))
        page.add(
            "put_off_total", .counter, "messages that were told to come again, by code",
            by: "code", putOff)
        page.add("photos_sealed_total", .counter, "photos sealed beside reads", gateway.photos)
        page.add(
            "photos_delivered_total", .counter, "photos that the vault has",
            gateway.photosDelivered)
        page.add(
            "photos_refused_total", .counter, "photos refused or given up, by code", by: "code",
            summary.photosRefused.merging(gateway.photosLost, uniquingKeysWith: +))
        page.add("photos_waiting", .gauge, "photos that wait for the vault", gateway.photosWaiting)
        page.add("held", .gauge, "plates that wait in memory for their passage's end", held)
        page.add("deliveries_open", .gauge, "messages whose rows wait for the vault", open)
        page.add("queue_depth", .gauge, "rows that wait for the vault", gateway.waiting)
        page.add(
            "rows_given_up_total", .counter, "rows whose keys were erased first",
            gateway.undelivered)
        page.add("key_hours", .gauge, "hours whose keys are held", hoursHeld)
        page.add(
            "key_hours_ahead", .gauge,
            "hours to come whose keys are held: how long it goes on alone", hoursAhead)
        page.add("hours_closed_total", .counter, "hours closed", gateway.closed)
        page.add("vault_reached", .gauge, "1 where the vault answered last", isVaultThere ? 1 : 0)
        page.add(
            "first_open_hour", .gauge, "the first hour that is not closed, in hours since 1970",
            firstOpenHour)
        return page
    }
}
