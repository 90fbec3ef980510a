import HTTPTypes
import Hummingbird

/// What the router itself refuses, told as every other problem is (RFC 9457).
struct Problems<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError {
            let status = Int(error.status.code)
            return Problem(
                code: status == 404 ? "path-unknown" : "message-malformed",
                detail: status == 404
                    ? "nothing stands here" : "the request is no well-formed HTTP",
                status: status
            ).response
        }
    }
}

extension RouterMethods {
    /// Answers every method of a path but some with 405.
    func refuse(allBut methods: HTTPRequest.Method..., at path: RouterPath) {
        let names = methods.map(\.rawValue)
        let sentence =
            "only \(names.joined(separator: " and ")) "
            + "\(names.count == 1 ? "is" : "are") answered here"
        let known: [HTTPRequest.Method] = [
            .get, .post, .put, .delete, .patch, .head, .options, .trace,
        ]
        // A newer one, which the library has no word for yet.
        let further = HTTPRequest.Method("QUERY").map { [$0] } ?? []
        for other in known + further where !methods.contains(other) {
            on(path, method: other) { _, _ in
                var response = Problem(code: "method-unknown", detail: sentence, status: 405)
                    .response
                response.headers[.allow] = names.joined(separator: ", ")
                // What answers HEAD has no body, whatever it says.
                return other == .head ? response.createHeadResponse() : response
            }
        }
    }
}
