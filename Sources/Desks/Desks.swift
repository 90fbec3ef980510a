// A party's own desk in the browser: served by the party's own program on 127.0.0.1, to one browser.
//
// Entry points: `DeskServer` (listener, session, frame), `DeskPages` (what a role adds),
// `DeskOffice` (the way to the party's own work, which is `Inquiry`'s). Docs: Docs/Operating/Desk.md.
// Keys, plates and opened reads stay in this process; the browser is its screen. No part of the
// process (request, approval, attestation) is implemented here: only shown, and set going.

public import Bytes

/// Why a desk cannot do what it was asked for.
public struct DeskError: CodedError {
    /// A stable word for machines.
    public let code: String
    /// One sentence for people; never a plate or a key.
    public let sentence: String

    /// An error with its code and sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}
