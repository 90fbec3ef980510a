// A custodian as a process of its own (Docs/Operating.md). It starts itself anew after each
// destruction, so that no heap keeps a copy of what is gone.

import Hosting

/// `custodiand`
@main
struct Program {
    static func main() async { await DaemonCommand<CustodianDaemon>.start() }
}
