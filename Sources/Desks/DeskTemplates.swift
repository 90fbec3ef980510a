public import Portal

/// The templates of the desks, beside Portal's own: those of this target's `Templates`, whose names
/// begin with their role.
enum DeskTemplates {
    /// All, parsed once.
    static let all: Result<Templates, PortalError> = make()

    private static func make() -> Result<Templates, PortalError> {
        do throws(PortalError) {
            return .success(try Templates.own.get().extended(with: texts))
        } catch {
            return .failure(error)
        }
    }

    private static let texts: [String: String] = [
        "authority_request": PackageResources.authority_request_mustache,
        "custodian_given": PackageResources.custodian_given_mustache,
        "custodian_state": PackageResources.custodian_state_mustache,
        "desk_problem": PackageResources.desk_problem_mustache,
        "desk_progress": PackageResources.desk_progress_mustache,
        "officer_decision": PackageResources.officer_decision_mustache,
        "officer_request": PackageResources.officer_request_mustache,
        "officer_waiting": PackageResources.officer_waiting_mustache,
    ].merging(InvestigatorTemplates.texts) { $1 }.mapValues {
        String(decoding: $0, as: UTF8.self)
    }
}

extension DeskAsk {
    /// A template's markup with values, and with the session's `token` for its forms. Throws
    /// `template-unknown`, `template-malformed`.
    public func render(_ name: String, _ values: Values) throws(PortalError) -> Markup {
        var values = values
        values["token"] = .text(token)
        return try DeskTemplates.all.get().render(name, values)
    }
}
