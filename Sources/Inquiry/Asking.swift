import Secrets
import Tokens
import Warrants
import Wire

/// One request at its custodians. Those with ways for several threads are asked as soon as this is made,
/// all at once, each by a thread of its own, which opens the answer too: they are machines of their own,
/// and the slowest of them is waited for, not the sum. The others are asked one after the other.
struct Asking {
    let request: Digest
    let secret: RequestSecret
    /// The custodians' words.
    let custodians: [String]
    private let clients: [CustodianClient]
    private let open: @Sendable ([UInt8]) throws -> GivenAnswer
    private let underWay: Lanes.UnderWay<Result<GivenAnswer, any Error>>

    /// Begins. Throws where the case's secret cannot be read.
    init(
        _ file: CaseFile, _ request: Digest,
        _ custodians: [(id: String, client: CustodianClient)], origin: String
    ) throws {
        let secret = try RequestSecret(wire: file.secret.bytes)
        let (replyKey, info) = (file.replyKey, SealInfo.evaluation.text(origin))
        let open = { @Sendable (sealed: [UInt8]) in
            let opened = try replyKey.open(sealed, info: info)
            return GivenAnswer(
                try PartialParcel(wire: opened), request: request, secret: secret)
        }
        let shared = custodians.compactMap(\.client.shared)
        underWay = Lanes.begin(shared.count, lanes: shared.count) { place in
            Result { try open(shared[place].evaluate(request)) }
        }
        self.request = request
        self.secret = secret
        self.custodians = custodians.map(\.id)
        self.open = open
        clients = custodians.map(\.client)
    }

    /// What each custodian answered, in their order, once all have.
    func answers() -> [Result<GivenAnswer, any Error>] {
        var atOnce = underWay.parts()[...]
        return clients.map { client in
            if client.shared != nil, let answer = atOnce.popFirst() { return answer }
            return Result { try open(client.evaluate(request)) }
        }
    }
}
