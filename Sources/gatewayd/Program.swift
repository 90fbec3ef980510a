// A site's gateway as a process of its own (Docs/Operating.md): cameras post what they read.

import Hosting

/// `gatewayd`
@main
struct Program {
    static func main() async { await DaemonCommand<GatewayDaemon>.start() }
}
