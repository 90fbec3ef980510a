import ArgumentParser
import Embedded
import Secrets

/// `platevault log notice`
struct Notice: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "say in the log that the plate's owner was told of a search",
        discussion: """
            Due when the request's embargo ends; the audit lists what is overdue. The log shows the \
            request's id and the agency's word, and nothing of whose plate it was.

            example: platevault log notice 5f0c
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "The request's id, or how it begins.")
    var request: String
    @Option(name: .customLong("as"), help: "The requester.")
    var requester = "investigator"

    func run() throws {
        let deployment = try options.open()
        let id = try deployment.request(request)
        try deployment.notify(id, as: requester)
        Voice.say("notice of \(id.hex) logged")
    }
}

/// `platevault log countersign`
struct Countersign: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "sign for rows that the vault has handed out, where they got lost here",
        discussion: """
            open countersigns by itself. An agency that has not countersigned for a day gets nothing \
            evaluated until it does.

            example: platevault log countersign 5f0c
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "The request's id, or how it begins.")
    var request: String
    @Option(name: .customLong("as"), help: "The requester.")
    var requester = "investigator"

    func run() throws {
        let deployment = try options.open()
        let id = try deployment.request(request)
        try deployment.countersign(id, as: requester)
        Voice.say("countersigned  \(id.hex)")
    }
}
