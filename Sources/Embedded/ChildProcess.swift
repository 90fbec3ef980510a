import Glibc

/// A program that was started here, known by its process and nothing else: a custodian that starts
/// itself anew stays the same process, while every file it had open closes.
final class ChildProcess {
    /// The process.
    let id: Int32
    private var hasEnded = false
    /// The end of a line whose other end is the program's input. It closes with this process,
    /// however that ends, and tells the program to end too.
    private let lifeline: Int32

    /// Starts a program with the environment of this one. Standard error is added to a file, output
    /// to another or to none, and input ends when this process does; no signal is held back or ignored, whatever
    /// this program does. Nil where the system cannot start it.
    init?(_ path: String, _ arguments: [String], errors log: String, output: String? = nil) {
        // No other program that is started meanwhile may hold an end of it open.
        var pipe: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pipe) == 0 else { return nil }
        defer { close(pipe[0]) }
        var files = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&files)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&files)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&files, pipe[0], STDIN_FILENO)
        posix_spawn_file_actions_addopen(
            &files, STDOUT_FILENO, output ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(
            &files, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var id: pid_t = 0
        guard posix_spawn(&id, path, &files, &attributes, &words, environ) == 0 else {
            close(pipe[1])
            return nil
        }
        self.id = id
        lifeline = pipe[1]
    }

    deinit { close(lifeline) }

    /// Whether it still runs; one that has ended is taken off the system's list.
    var isRunning: Bool {
        if !hasEnded, waitpid(id, nil, WNOHANG) != 0 { hasEnded = true }
        return !hasEnded
    }

    /// Asks it to end in order.
    func terminate() { signal(SIGTERM) }

    /// Ends it at once.
    func kill() { signal(SIGKILL) }

    /// Waits until it has ended.
    func waitUntilEnded() {
        guard !hasEnded else { return }
        while waitpid(id, nil, 0) < 0 && errno == EINTR {}
        hasEnded = true
    }

    private func signal(_ number: Int32) {
        // Not to whoever has the number now.
        if isRunning { Glibc.kill(id, number) }
    }
}
