public import ServiceLifecycle

/// `/healthz` (the program is alive), `/readyz` (it can do its work now) and `/metrics` (Prometheus
/// text), on loopback.
public enum HealthPages {
    /// The listener at the place that a configuration names; none where it names none. Throws as
    /// `listener(at:)`.
    public static func listeners(
        _ setting: PartySetting, ready: @escaping @Sendable () -> String?,
        metrics: @escaping @Sendable () -> MetricsPage
    ) throws(HostingError) -> [any Service] {
        let place = setting.file.text("metrics-listen")
        return try listener(at: place, ready: ready, metrics: metrics).map { [$0] } ?? []
    }

    /// The listener; nil for no place. `ready` gives nil, or the code of what is missing. Throws
    /// `listen-malformed`, and `listen-open` off loopback.
    static func listener(
        at place: String?, ready: @escaping @Sendable () -> String?,
        metrics: @escaping @Sendable () -> MetricsPage
    ) throws(HostingError) -> (any Service)? {
        guard let place else { return nil }
        return try PublicListener(at: place) { path in
            switch path {
            case "/healthz": return PublicListener.Page("ok\n")
            case "/readyz":
                guard let missing = ready() else { return PublicListener.Page("ready\n") }
                return PublicListener.Page("not ready: \(missing)\n", status: 503)
            case "/metrics":
                return PublicListener.Page(
                    metrics().text, type: "text/plain; version=0.0.4; charset=utf-8")
            default: return nil
            }
        }
    }
}
