/// The `info` of every HPKE message: "platevault/" ‖ type ‖ "/v1" ‖ origin (DESIGN section 6), so
/// that what was sealed for one purpose or deployment opens for no other.
public enum SealInfo: String, Sendable {
    /// Seeds of the ceremony, custodian to custodian.
    case seeds
    /// Site keys, custodian to gateway.
    case grant
    /// A request's secret part, requester to custodian.
    case request
    /// Partials, custodian to requester.
    case evaluation
    /// A request's secret part, custodian to its own officer.
    case docket

    /// Why an officer denied a request, officer to requester.
    case reason

    /// The info for one deployment.
    public func text(_ origin: String) -> String { "platevault/\(rawValue)/v1\(origin)" }
}
