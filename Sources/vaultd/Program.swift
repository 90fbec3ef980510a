// The vault as a process of its own (Docs/Operating.md). It holds no key to any read.

import Hosting

/// `vaultd`
@main
struct Program {
    static func main() async { await DaemonCommand<VaultDaemon>.start() }
}
