public import Bytes
import Mustache

/// Why a page could not be rendered: `template-malformed`, `template-unknown`. Neither can come of
/// what others say, only of the program's own templates.
public struct PortalError: CodedError {
    /// A stable word.
    public let code: String
    /// One sentence for people.
    public let sentence: String
}

/// Named templates, parsed once. Names are those of the files, without `.mustache`.
public struct Templates: Sendable {
    private var library = MustacheLibrary()

    /// Portal's own.
    public static let own: Result<Templates, PortalError> = make()

    private static func make() -> Result<Templates, PortalError> {
        do throws(PortalError) {
            let none = Templates()
            return .success(try none.extended(with: TemplateFiles.all))
        } catch {
            return .failure(error)
        }
    }

    private init() {}

    /// These, and those of another target; a target gives its templates names of its own, such as
    /// `desk-inbox`. Throws `template-malformed`.
    public func extended(with texts: [String: String]) throws(PortalError) -> Templates {
        var all = self
        for (name, text) in texts {
            do {
                try all.library.register(text, named: name)
            } catch {
                throw PortalError(
                    code: "template-malformed", sentence: "the template \(name) is malformed")
            }
        }
        return all
    }

    /// A template's markup with values. Throws `template-unknown`.
    public func render(_ name: String, _ values: Values) throws(PortalError) -> Markup {
        guard let html = library.render(values, withTemplate: name) else {
            throw PortalError(
                code: "template-unknown", sentence: "there is no template \(name)")
        }
        return Markup(own: html)
    }
}
