import Foundation
import Intake
import Plates
import Secrets
import Warrants

/// The samples of other readers than OpenALPR.
enum FeedSamples {
    static func bytes(_ name: String) throws -> [UInt8] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Samples")
        return Array(try Data(contentsOf: folder.appending(path: name)))
    }

    /// The body and content type of a recorded request.
    static func request(_ name: String) throws -> (body: [UInt8], type: String) {
        let bytes = try bytes(name)
        let gap = Array("\r\n\r\n".utf8)
        let end = bytes.indices.first { bytes[$0...].starts(with: gap) } ?? bytes.endIndex
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        let line = head.components(separatedBy: "\r\n")
            .first { $0.lowercased().hasPrefix("content-type:") }
        let type = line?.split(separator: ":", maxSplits: 1).last.map(String.init) ?? ""
        return (Array(bytes[(end + 4)...]), type)
    }
}

/// A reception of one feed, confirmed or not by the test.
func reception(
    _ kind: FeedKind, camera: String? = nil, zone: String? = nil, holds: Bool = true,
    photos: PhotoKeeping = .all
) throws -> FeedReception {
    FeedReception(
        feed: try Feed(
            name: "gate", kind: kind, credential: Digest(of: Array("secret".utf8)), camera: camera,
            timeZone: zone, holdsFrames: holds), fold: .letterOAsZero, lateHours: 6, photos: photos)
}

/// The smallest files that are whole.
enum TestPhoto {
    static let jpeg: [UInt8] = [
        0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xda, 0, 2, 7, 7, 0xff, 0xd9,
    ]
    static let png: [UInt8] =
        [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13] + Array("IHDR".utf8)
        + [UInt8](repeating: 1, count: 17) + [0, 0, 0, 0] + Array("IEND".utf8) + [1, 2, 3, 4]
}

/// A multipart body of parts: header lines and content.
func multipart(_ parts: [(head: String, content: [UInt8])], boundary: String = "b") -> [UInt8] {
    parts.flatMap { part in
        Array("--\(boundary)\r\n\(part.head)\r\n\r\n".utf8) + part.content + [0x0d, 0x0a]
    } + Array("--\(boundary)--\r\n".utf8)
}
