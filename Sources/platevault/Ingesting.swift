import ArgumentParser
import Custody
import Disk
import Embedded
import Glibc
import Intake
import Plates
import Secrets
import Warrants

/// `platevault ingest`
struct Ingest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "seal the plate reads of recorded messages, one JSON document a line",
        discussion: """
            Takes what OpenALPR sends (alpr_results, alpr_group) and prints (alpr -j). A read belongs \
            to the hour in which it was seen; hours that are closed take none. In a .demo deployment \
            --sample replays the sample reads from now on, the clocks running along.

            example: platevault ingest --site 2 reads.jsonl
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "Files, or - for standard input.")
    var files: [String] = []
    @Option(help: "The site that the cameras belong to.")
    var site: UInt16 = 1
    @Flag(help: "Replay the sample reads of the project, at sites 1 and 2.")
    var sample = false

    func run() throws {
        guard sample != !files.isEmpty else {
            throw Complaint(
                code: "input-missing", sentence: "name files to ingest, or give --sample")
        }
        let deployment = try options.open()
        var replay: SampleShift?
        let messages = sample ? try Samples.agentStream() : try files.flatMap(Input.messages)
        if sample {
            replay = SampleShift(bringing: messages, to: deployment.now)
        }
        let report = try deployment.ingest(messages, replay: replay) { read in
            sample ? Samples.site(of: read) : SiteNumber(number: site)
        } progress: {
            Voice.progress($0, of: messages.count, "messages")
        }
        try deployment.closeHours()
        if options.json { try options.print(report) } else { Self.tell(report) }
        guard report.problems.isEmpty else { throw ExitCode(1) }
    }

    private static func tell(_ report: IngestReport) {
        let summary = report.summary
        Voice.say("messages       \(summary.messages)")
        Voice.say("reads          \(summary.reads)")
        Voice.say("passages       \(summary.groups)")
        Voice.say(
            "alone          \(summary.readsWithoutGroup) reads of frames that no passage claims")
        Voice.say("frames folded  \(summary.folded)")
        Voice.say("without plate  \(summary.withoutPlate)")
        for (code, count) in summary.refused.sorted(by: { $0.key < $1.key }) {
            Voice.say("refused        \(count) messages: \(code)")
        }
        for (code, count) in report.refused.sorted(by: { $0.key < $1.key }) {
            Voice.say("refused        \(count) reads: \(code)")
        }
        for (site, count) in report.delivered.sorted(by: { $0.key < $1.key }) {
            Voice.say("site \(site)         \(count) rows durable in the vault")
        }
        if report.photos > 0 {
            Voice.say("photos         \(report.photos) durable in the vault")
        }
        for (code, count) in report.photosLost.sorted(by: { $0.key < $1.key }) {
            Voice.say("left out       \(count) photos: \(code)")
        }
        if report.canaries > 0 {
            Voice.say(
                "canaries       \(report.canaries) of these rows, for drills; no car has their plate"
            )
        }
        for problem in report.problems { Voice.note("error: \(problem)") }
    }
}
