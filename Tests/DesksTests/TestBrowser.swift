import Foundation
import Hosting

@testable import Desks

/// A browser in front of a desk, without a socket: it keeps the cookie, says where it comes from,
/// and fills forms with the token that the page has.
final class TestBrowser {
    let server: DeskServer
    let address: String
    let origin: String
    private var cookie: String?
    private(set) var token = ""

    /// A browser that has opened the desk at its address.
    init(_ server: DeskServer, isOpened: Bool = true) {
        self.server = server
        address = server.open(port: 4_321)
        origin = "http://127.0.0.1:4321"
        if isOpened { _ = get(String(address.dropFirst(origin.count))) }
    }

    /// The path that was got last.
    private(set) var last = ""

    /// What stands at a path.
    func get(_ path: String) -> DeskAnswer {
        last = path
        return send(
            DeskQuestion(method: "GET", target: path, host: "127.0.0.1:4321", fields: fields))
    }

    /// What a form does, sent with its token unless told otherwise; goes where it leads.
    func post(
        _ path: String, _ values: [(String, String)], token other: String? = nil
    ) -> DeskAnswer {
        if token.isEmpty { _ = get("/leave") }
        let text = (values + [("desk-token", other ?? token)]).map {
            "\(Self.encoded($0))=\(Self.encoded($1))"
        }.joined(separator: "&")
        return send(
            path, type: "application/x-www-form-urlencoded", body: Array(text.utf8))
    }

    /// What a form with a file does.
    func post(
        _ path: String, _ values: [(String, String)], file: (name: String, bytes: [UInt8])
    ) -> DeskAnswer {
        if token.isEmpty { _ = get("/leave") }
        var body: [UInt8] = []
        for (name, value) in values + [("desk-token", token)] {
            body += Array(
                "--XX\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
        }
        body += Array(
            ("--XX\r\nContent-Disposition: form-data; name=\"\(file.name)\"; filename=\"f.pdf\"\r\n"
                + "Content-Type: application/pdf\r\n\r\n").utf8)
        body += file.bytes + Array("\r\n--XX--\r\n".utf8)
        return send(path, type: "multipart/form-data; boundary=XX", body: body)
    }

    private func send(_ path: String, type: String, body: [UInt8]) -> DeskAnswer {
        let answer = send(
            DeskQuestion(
                method: "POST", target: path, host: "127.0.0.1:4321",
                fields: fields + [("Origin", origin), ("Content-Type", type)], body: body))
        guard answer.status == 303, let next = answer.value("location") else { return answer }
        // What stands behind # a browser keeps to itself.
        return get(String(next.prefix { $0 != "#" }))
    }

    func send(_ question: DeskQuestion) -> DeskAnswer {
        let answer = server.admit(question) ?? server.answer(question)
        if let made = answer.value("set-cookie") { cookie = String(made.prefix { $0 != ";" }) }
        if let found = answer.text.split(separator: "name=\"desk-token\" value=\"").dropFirst()
            .first
        {
            token = String(found.prefix { $0 != "\"" })
        }
        return answer
    }

    /// What this browser says of itself with each question.
    var fields: [(String, String)] {
        [("Sec-Fetch-Site", "same-origin")] + (cookie.map { [("Cookie", $0)] } ?? [])
    }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}

extension DeskAnswer {
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }
}
