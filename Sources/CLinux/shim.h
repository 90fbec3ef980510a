// Linux calls that Swift cannot import by itself: statfs, whose struct has the function's name,
// and prctl, which is variadic.
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/vfs.h>

/// The f_type of statfs(2), or -1.
static inline long linux_file_system_type(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (long)status.f_type & 0xffffffffL : -1;
}

/// Takes the process out of core dumps and ptrace; 0, or -1 with errno.
static inline int linux_refuse_dumps(void) {
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// 1 where the process is still dumpable, 0 where it is not, -1 on failure.
static inline int linux_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }
