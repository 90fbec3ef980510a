// OpenSSL's SHA-256 in the form that works on contexts of the caller's own: nothing of a key comes
// onto OpenSSL's heap. Its newer form, which allocates its contexts, is the one that it recommends.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
