import Foundation
public import Plates

/// The sample reads that come with the project: what an OpenALPR agent posts (Docs/Spec/Intake.md).
public enum Samples {
    /// 2,192 messages of an agent with five cameras: 1,813 frames, 379 passages.
    public static func agentStream() throws -> [[UInt8]] {
        try lines("openalpr-agent-stream.jsonl")
    }

    /// The site of a sample camera: 101 to 103 stand at site 1, 204 and 205 at site 2.
    public static func site(of read: Read) -> SiteNumber {
        SiteNumber(number: read.fields.camera.contains("20") ? 2 : 1)
    }

    /// A drawn picture of a vehicle's rear, as an agent would cut it out.
    static func crop() throws -> [UInt8] { Array(try content("vehicle-crop.jpg")) }

    private static func lines(_ name: String) throws -> [[UInt8]] {
        try content(name).split(separator: 0x0a).map(Array.init)
    }

    private static func content(_ name: String) throws -> Data {
        guard let folder = Bundle.module.resourcePath,
            let content = FileManager.default.contents(atPath: "\(folder)/Samples/\(name)")
        else {
            throw EmbeddedError(
                code: "sample-missing", sentence: "the program's sample file \(name) is not there")
        }
        return content
    }
}
