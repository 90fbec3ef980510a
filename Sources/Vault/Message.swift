import Bytes
import Plates
import Rows
import Secrets
import Wire

/// The small messages of the vault's endpoints, as `VaultClient` writes them.
enum Message {
    static func malformed(_ what: String) -> StoreError {
        let problem = WireProblem.malformed(what)
        return StoreError(code: problem.code, sentence: problem.sentence)
    }

    static func list(_ body: [UInt8]) throws(StoreError) -> [[UInt8]] {
        do throws(BytesError) {
            return try ByteList.decode(body)
        } catch {
            throw malformed("list")
        }
    }

    static func range(_ body: [UInt8]) throws(StoreError) -> (UInt64, UInt64) {
        var reader = ByteReader(body)
        do throws(BytesError) {
            let range = (try reader.u64(), try reader.u64())
            try reader.end()
            return range
        } catch {
            throw malformed("range of entries")
        }
    }

    /// A tree, and the batch behind which to go on; nil where to begin.
    static func tree(
        _ body: [UInt8]
    ) throws(StoreError) -> (tree: CellTreeID, after: BatchPlace?) {
        var reader = ByteReader(body)
        do {
            let cell = try Cell(from: &reader)
            let kind = HourOpening.Kind(rawValue: try reader.u8())
            var after: BatchPlace?
            if reader.remaining > 0 {
                after = BatchPlace(run: try RunID(bytes: reader.raw(8)), number: try reader.u64())
            }
            try reader.end()
            if let kind { return (CellTreeID(cell: cell, kind: kind), after) }
        } catch {}
        throw malformed("tree of a cell")
    }

    static func indices(_ indices: [UInt64]) -> [UInt8] {
        var writer = ByteWriter()
        for index in indices { writer.u64(index) }
        return writer.bytes
    }

    /// Topic, kind and recipient of a wish for mail.
    static func wish(_ body: [UInt8]) throws(StoreError) -> (Digest, String, String) {
        let parts = try list(body)
        guard parts.count == 3, let topic = Digest(wire: parts[0]),
            let kind = String(validating: parts[1], as: UTF8.self),
            let recipient = String(validating: parts[2], as: UTF8.self)
        else { throw malformed("wish for mail") }
        return (topic, kind, recipient)
    }
}
