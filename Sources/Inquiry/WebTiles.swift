import Foundation
public import Ledger
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A log's public files on any web server that serves files: plain GET, no cookies, no cache, no
/// credentials; no answer is longer than what can stand at its path, and none is waited for longer
/// than half a minute.
public struct WebTiles: TileSource {
    private let prefix: String
    private let session: URLSession
    private let inbox: Inbox

    /// The files below a URL. Throws `url-malformed` for anything but http and https.
    public init(_ url: String) throws(LedgerError) {
        let prefix = url.hasSuffix("/") ? url : url + "/"
        guard let parsed = URL(string: prefix), ["http", "https"].contains(parsed.scheme),
            parsed.host?.isEmpty == false, parsed.query == nil, parsed.fragment == nil
        else {
            throw LedgerError(
                code: "url-malformed", sentence: "a log's address begins with http:// or https://")
        }
        self.prefix = prefix
        let setting = URLSessionConfiguration.ephemeral
        setting.timeoutIntervalForRequest = 30
        setting.timeoutIntervalForResource = 60
        setting.httpShouldSetCookies = false
        setting.httpMaximumConnectionsPerHost = 8
        inbox = Inbox()
        session = URLSession(configuration: setting, delegate: inbox, delegateQueue: nil)
    }

    /// One file. Throws `tile-missing` for 404 and 410, `web-failed` for every other answer, or none,
    /// and `tile-form` for one that is too long.
    public func read(_ path: String) throws(LedgerError) -> [UInt8] {
        guard let url = URL(string: prefix + path) else {
            throw LedgerError(code: "tile-missing", sentence: "there is no \(path)")
        }
        let task = session.dataTask(with: url)
        let answer = inbox.wait(for: task, most: Self.most(path))
        switch answer {
        case .success(let bytes): return bytes
        case .failure(.missing):
            throw LedgerError(code: "tile-missing", sentence: "there is no \(path)")
        case .failure(.tooLong):
            throw LedgerError(code: "tile-form", sentence: "what is served at \(path) is too long")
        case .failure(.failed):
            throw LedgerError(code: "web-failed", sentence: "\(path) could not be fetched")
        }
    }

    /// The most bytes that can stand at a path.
    private static func most(_ path: String) -> Int {
        if path == TilePath.checkpoint { return Note.maximumSize }
        return path.hasPrefix("tile/entries/") ? TilePath.width * 65_537 : TilePath.width * 32
    }
}

/// Collects the answers of a session, each up to its limit.
private final class Inbox: NSObject, URLSessionDataDelegate, Sendable {
    enum Problem: Error { case missing, tooLong, failed }

    private struct Letter {
        let most: Int
        let done: DispatchSemaphore
        var bytes: [UInt8] = []
        var status = 0
        var isTooLong = false
        var isBroken = false
    }

    private let letters = Mutex<[Int: Letter]>([:])

    func wait(for task: URLSessionDataTask, most: Int) -> Result<[UInt8], Problem> {
        let done = DispatchSemaphore(value: 0)
        let id = task.taskIdentifier
        letters.withLock { $0[id] = Letter(most: most, done: done) }
        task.resume()
        if done.wait(timeout: .now() + 90) == .timedOut { task.cancel() }
        guard let letter = letters.withLock({ $0.removeValue(forKey: id) }) else {
            return .failure(.failed)
        }
        if letter.isTooLong { return .failure(.tooLong) }
        if letter.status == 404 || letter.status == 410 { return .failure(.missing) }
        guard letter.status == 200, !letter.isBroken else { return .failure(.failed) }
        return .success(letter.bytes)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        letters.withLock { $0[dataTask.taskIdentifier]?.status = status }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let isTooLong = letters.withLock { letters in
            guard var letter = letters.removeValue(forKey: dataTask.taskIdentifier) else {
                return true
            }
            // Once too long, it stays so: more may come before the task is stopped.
            letter.isTooLong =
                letter.isTooLong || letter.bytes.count + data.count > letter.most
            if !letter.isTooLong { letter.bytes += data }
            letters[dataTask.taskIdentifier] = letter
            return letter.isTooLong
        }
        if isTooLong { dataTask.cancel() }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
        letters.withLock { letters in
            if error != nil { letters[task.taskIdentifier]?.isBroken = true }
            letters[task.taskIdentifier]?.done.signal()
        }
    }
}
