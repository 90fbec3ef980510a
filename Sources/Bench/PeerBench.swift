import Disk
import Foundation
import Plates

/// Others that do the same work, started here: store so many reads encrypted, with an index by
/// which one exact plate is found, each batch of a thousand durable; then look plates up.
///
/// PostgreSQL with pgcrypto (an HMAC column and its index, `pgp_sym_encrypt` with the cheapest
/// settings that it has), and SQLCipher (plain plates and their index in an encrypted file). Both
/// are told by their own command lines. Neither splits a key, proves an answer, or hides which
/// rows are of one plate.
struct PeerBench {
    private static let batch = 1_000
    private static let lookups = 500

    let folder: String
    let disk: any FileSystem
    let count: Int

    private struct Result {
        let rate: Double
        let bytes: Double
        let lookup: Double
    }

    private struct Item {
        let plate: String
        let read: String
    }

    func measures() throws -> [Measure] {
        let items = try items()
        var own: [Result] = []
        var peers: [(name: String, results: [Result])] = []
        for round in 0..<3 {
            own.append(try vault(round))
            for (place, peer) in [
                ("postgresql", try Postgres(folder + "/\(round)").run(items)),
                ("sqlcipher", try sqlcipher(items, round)),
            ].enumerated() {
                if peers.count <= place { peers.append((peer.0, [])) }
                peers[place].results.append(peer.1)
            }
        }
        return peers.flatMap { name, results in
            [
                Measure(
                    id: "peer-\(name)-rate",
                    what: "reads stored a second by the vault, one site, one hour; reference: "
                        + name, unit: "reads/s",
                    pairs: zip(own, results).map { ($0.rate, $1.rate) },
                    target: [.ratioAtLeast(1)]),
                Measure(
                    id: "peer-\(name)-bytes", what: "bytes a read; reference: \(name)",
                    unit: "bytes", pairs: zip(own, results).map { ($0.bytes, $1.bytes) },
                    target: [.ratioAtMost(1)]),
                Measure(
                    id: "peer-\(name)-lookup", what: "\(name): one plate looked up", unit: "ms",
                    values: results.map(\.lookup)),
            ]
        }
    }

    private func items() throws -> [Item] {
        let day = Workload(.realistic, reads: count, seed: 8)
        let seen = BenchTown.first.hours[17].start
        return try day.plates.map { number in
            let read = try Workload.read(
                Workload.text(of: number), seen: seen, camera: 7, fold: .letterOAsZero)
            // As long as a sealed read is: lengths tell.
            let padded = try PaddedRead.pad(read.encode())
            let hex = padded.map { String(format: "%02x", $0) }.joined()
            return Item(plate: read.plate.text, read: hex)
        }
    }

    private func vault(_ round: Int) throws -> Result {
        let town = try IntakeBench(folder + "/own-\(round)", disk, lanes: 1, sites: 1)
        let day = try town.oneHour(reads: count)
        return Result(rate: day.rate, bytes: day.bytes, lookup: 0)
    }

    /// Told by statements of a thousand rows each, one a transaction.
    private func sqlcipher(_ items: [Item], _ round: Int) throws -> Result {
        let path = "\(folder)/sqlcipher-\(round).db"
        let head = """
            PRAGMA key = 'a passphrase of the benchmark';
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;

            """
        let start = try Measure.seconds { try tell(head + "SELECT 1;\n", path) }
        var script =
            head + "CREATE TABLE reads (plate TEXT NOT NULL, read BLOB NOT NULL);\n"
            + "CREATE INDEX reads_plate ON reads (plate);\n"
        for start in stride(from: 0, to: items.count, by: Self.batch) {
            let rows = items[start..<min(items.count, start + Self.batch)].map {
                "('\($0.plate)', X'\($0.read)')"
            }
            script += "INSERT INTO reads VALUES \(rows.joined(separator: ","));\n"
        }
        let fill = try Measure.seconds { try tell(script, path) } - start
        let asks = items.prefix(Self.lookups).map {
            "SELECT count(*), max(read) FROM reads WHERE plate = '\($0.plate)';\n"
        }
        let find = try Measure.seconds { try tell(head + asks.joined(), path) } - start
        return Result(
            rate: Double(items.count) / fill,
            bytes: Double(try POSIXFiles.size(path)) / Double(items.count),
            lookup: find / Double(asks.count) * 1000)
    }

    private func tell(_ script: String, _ path: String) throws {
        let file = path + ".sql"
        try Data(script.utf8).write(to: URL(filePath: file))
        try Command.run("/usr/bin/sqlcipher", ["-bail", path], input: file)
    }

    /// A server of its own, on a socket in its own folder.
    private struct Postgres {
        private let folder: String
        private let programs: String

        init(_ name: String) throws {
            let all = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql"))
            guard let version = all?.max() else { throw BenchError("there is no PostgreSQL") }
            programs = "/usr/lib/postgresql/\(version)/bin"
            // A place that the server's own user can enter.
            folder = "/tmp/platevault-bench-\(getpid())-\(name.hashValue.magnitude % 100_000)"
        }

        func run(_ items: [Item]) throws -> Result {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            if getuid() == 0 { try Command.run("/usr/bin/chown", ["postgres", folder]) }
            try server("initdb", ["-D", folder + "/data", "-A", "trust", "-U", "postgres"])
            try server(
                "pg_ctl",
                [
                    "-D", folder + "/data", "-w", "-l", folder + "/log", "-o",
                    "-c listen_addresses='' -c unix_socket_directories='\(folder)'", "start",
                ])
            defer { try? server("pg_ctl", ["-D", folder + "/data", "-m", "immediate", "stop"]) }
            return try work(items)
        }

        private func work(_ items: [Item]) throws -> Result {
            try tell(
                """
                CREATE EXTENSION pgcrypto;
                CREATE TABLE reads (token bytea NOT NULL, read bytea NOT NULL);
                CREATE INDEX reads_token ON reads (token);
                CREATE UNLOGGED TABLE incoming (plate text, read text);

                """)
            let start = try Measure.seconds { try tell("SELECT 1;\n") }
            var script = ""
            for start in stride(from: 0, to: items.count, by: PeerBench.batch) {
                let rows = items[start..<min(items.count, start + PeerBench.batch)]
                script += "BEGIN;\nCOPY incoming FROM STDIN;\n"
                script += rows.map { "\($0.plate)\t\($0.read)\n" }.joined()
                script += """
                    \\.
                    INSERT INTO reads SELECT hmac(plate, 'a key', 'sha256'), pgp_sym_encrypt_bytea(
                        decode(read, 'hex'), 'another key',
                        'cipher-algo=aes256, s2k-mode=0, compress-algo=0') FROM incoming;
                    DELETE FROM incoming;
                    COMMIT;

                    """
            }
            let fill = try Measure.seconds { try tell(script) } - start
            let size = try tell("CHECKPOINT;\nSELECT pg_total_relation_size('reads');\n")
            let asks = items.prefix(PeerBench.lookups).map {
                "SELECT pgp_sym_decrypt_bytea(read, 'another key') FROM reads "
                    + "WHERE token = hmac('\($0.plate)', 'a key', 'sha256');\n"
            }
            let find = try Measure.seconds { try tell(asks.joined()) } - start
            return Result(
                rate: Double(items.count) / fill,
                bytes: (Double(size.split(separator: "\n").last ?? "") ?? .infinity)
                    / Double(items.count),
                lookup: find / Double(asks.count) * 1000)
        }

        @discardableResult
        private func tell(_ script: String) throws -> String {
            let file = folder + "/script.sql"
            try Data(script.utf8).write(to: URL(filePath: file))
            return try Command.run(
                programs + "/psql",
                ["-h", folder, "-U", "postgres", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
                input: file)
        }

        /// The server refuses to run as root.
        private func server(_ name: String, _ words: [String]) throws {
            if getuid() == 0 {
                try Command.run(
                    "/usr/sbin/runuser", ["-u", "postgres", "--", "\(programs)/\(name)"] + words)
            } else {
                try Command.run("\(programs)/\(name)", words)
            }
        }
    }
}
