import Embedded
import Inquiry
import Secrets

/// `platevault status REQUEST`: how far one request is.
enum ProgressTable {
    static func print(_ progress: RequestProgress) {
        Voice.say("request       \(progress.request)")
        Voice.say("requester     \(progress.requester)")
        Voice.say("purpose       \(progress.purpose)")
        Voice.say("verdict       \(progress.verdict)")
        Voice.say("deadline      \(progress.deadline)")
        for act in progress.acts {
            Voice.say("\(act.time)  \(act.what) by \(act.by), entry \(act.index)")
        }
        for word in progress.missing { Voice.say("missing       \(word)") }
        Voice.say("confirmation  \(progress.confirmation)")
        for machine in progress.machines {
            let held = machine.entries.map { "holds \($0) entries" }
            let text = [held, machine.problem].compactMap { $0 }.joined(separator: ", ")
            Voice.say("custodian     \(machine.custodian): \(text)")
        }
        Voice.say("next          \(progress.next)")
    }
}
