// Real programs, each party a process of its own, and what happens to machines and networks: power
// cuts, full disks, wrong clocks, lines that break. What must hold all the same is in `Laws.swift`.
//
// `Town` founds a deployment and runs its programs, `Traffic` is its cameras, `Errand` an
// investigator who does not give up, `FaultyLine` a network between two of them.

import Foundation
import Testing

/// One after the other: each test has a town's worth of processes.
@Suite(.serialized) struct FaultTests {}

/// Why a test cannot go on.
struct TownFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What the environment says of a test: numbers that a machine may raise.
enum Measure {
    /// The number in a variable of the environment, or another.
    static func number(_ name: String, or standard: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
    }
}
