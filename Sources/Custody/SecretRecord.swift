import Bytes
import Secrets

/// Builds one guarded block out of open fields and secret blocks, in order.
struct SecretWriter {
    private enum Part {
        case open([UInt8])
        case secret(SecretBox)
    }

    private var parts: [Part] = []

    /// Open fields, as one writer wrote them.
    mutating func open(_ write: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        write(&writer)
        parts.append(.open(writer.bytes))
    }

    /// `u32(length) ‖ bytes` of a secret.
    mutating func secret(_ box: SecretBox) {
        open { $0.u32(UInt32(box.bytes.count)) }
        parts.append(.secret(box))
    }

    /// `u32(length) ‖ bytes` of what is not secret.
    mutating func blob(_ bytes: [UInt8]) {
        open { writer in
            writer.u32(UInt32(bytes.count))
            writer.raw(bytes)
        }
    }

    /// `u8(1) ‖` what `write` writes, or `u8(0)` for nothing.
    mutating func optional<Value>(
        _ value: Value?, _ write: (inout SecretWriter, Value) -> Void
    ) {
        open { $0.u8(value == nil ? 0 : 1) }
        if let value { write(&self, value) }
    }

    /// `u32(count) ‖` each element.
    mutating func list<Element>(
        _ values: [Element], _ write: (inout SecretWriter, Element) -> Void
    ) {
        open { $0.u32(UInt32(values.count)) }
        for value in values { write(&self, value) }
    }

    /// All of it in one guarded block. Throws `memory-locked-out`.
    func finish() throws(CustodyError) -> SecretBytes {
        var count = 0
        for part in parts {
            switch part {
            case .open(let bytes): count += bytes.count
            case .secret(let box): count += box.bytes.count
            }
        }
        do throws(SecretsError) {
            var block = try SecretBytes(zeros: count)
            var offset = 0
            block.withUnsafeMutableBytes { target in
                for part in parts {
                    switch part {
                    case .open(let bytes):
                        let place = UnsafeMutableRawBufferPointer(rebasing: target[offset...])
                        place.copyBytes(from: bytes)
                        offset += bytes.count
                    case .secret(let box):
                        let place = UnsafeMutableRawBufferPointer(rebasing: target[offset...])
                        box.bytes.withUnsafeBytes { place.copyMemory(from: $0) }
                        offset += box.bytes.count
                    }
                }
            }
            return block
        } catch {
            throw CustodyError(error)
        }
    }
}

/// Reads what `SecretWriter` wrote; secrets go from block to block.
struct SecretReader {
    private let source: SecretBox
    private var offset = 0

    init(_ source: SecretBox) { self.source = source }

    /// The next open bytes. Throws `state-malformed` at the end, as all others do.
    mutating func raw(_ count: Int) throws(CustodyError) -> [UInt8] {
        guard count >= 0, count <= source.bytes.count - offset else { throw Self.malformed }
        defer { offset += count }
        return try onSecrets { () throws(SecretsError) in
            try source.bytes.openBytes(offset..<(offset + count))
        }
    }

    mutating func integer<Value: FixedWidthInteger>(
        _: Value.Type = Value.self
    ) throws(CustodyError) -> Value {
        try raw(MemoryLayout<Value>.size).reduce(0) { $0 << 8 | Value($1) }
    }

    mutating func blob() throws(CustodyError) -> [UInt8] {
        let count: UInt32 = try integer()
        return try raw(Int(count))
    }

    mutating func digest() throws(CustodyError) -> Digest {
        guard let digest = Digest(wire: try raw(32)) else { throw Self.malformed }
        return digest
    }

    mutating func text() throws(CustodyError) -> String {
        guard let text = String(validating: try blob(), as: UTF8.self) else {
            throw Self.malformed
        }
        return text
    }

    mutating func secret() throws(CustodyError) -> SecretBox {
        let count = Int(try integer(UInt32.self))
        guard count <= source.bytes.count - offset else { throw Self.malformed }
        defer { offset += count }
        do throws(SecretsError) {
            return SecretBox(try source.bytes.copy(offset..<(offset + count)))
        } catch {
            throw CustodyError(error)
        }
    }

    mutating func optional<Value>(
        _ read: (inout SecretReader) throws(CustodyError) -> Value
    ) throws(CustodyError) -> Value? {
        switch try integer(UInt8.self) {
        case 0: return nil
        case 1: return try read(&self)
        default: throw Self.malformed
        }
    }

    mutating func list<Element>(
        _ read: (inout SecretReader) throws(CustodyError) -> Element
    ) throws(CustodyError) -> [Element] {
        var values: [Element] = []
        for _ in 0..<(try integer(UInt32.self)) { values.append(try read(&self)) }
        return values
    }

    func end() throws(CustodyError) {
        guard offset == source.bytes.count else { throw Self.malformed }
    }

    static var malformed: CustodyError {
        CustodyError(
            code: "state-malformed", sentence: "the opened state is not what a custodian writes")
    }
}
