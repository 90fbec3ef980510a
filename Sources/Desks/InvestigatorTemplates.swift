import Portal

/// The investigator's templates, among those of the desks.
enum InvestigatorTemplates {
    /// Their texts.
    static let texts: [String: [UInt8]] = [
        "investigator_form": PackageResources.investigator_form_mustache,
        "investigator_look": PackageResources.investigator_look_mustache,
        "investigator_list": PackageResources.investigator_list_mustache,
        "investigator_request": PackageResources.investigator_request_mustache,
        "investigator_withdraw": PackageResources.investigator_withdraw_mustache,
        "investigator_map": PackageResources.investigator_map_mustache,
        "investigator_cells": PackageResources.investigator_cells_mustache,
        "investigator_opened": PackageResources.investigator_opened_mustache,
        "investigator_print": PackageResources.investigator_print_mustache,
    ]

    /// A part of a page, which has no form.
    static func part(_ name: String, _ values: Values) throws(PortalError) -> Markup {
        try DeskTemplates.all.get().render(name, values)
    }
}

extension Value {
    /// A text, or false where it is empty.
    static func filled(_ text: String) -> Value { .maybe(text.isEmpty ? nil : text) }

    /// A list of sentences, each under `text`.
    static func sentences(_ texts: [String]) -> Value { .list(texts.map { ["text": .text($0)] }) }
}
