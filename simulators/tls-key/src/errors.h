/* Errors of this provider in OpenSSL's queue: what a failed handshake or a refused key tells JavaScript. */
#ifndef NODE_TLS_KEY_ERRORS_H
#define NODE_TLS_KEY_ERRORS_H

#include <openssl/err.h>

enum {
  REASON_UNKNOWN_KEY = 100,
  REASON_BAD_REFERENCE,
  REASON_KEY_DISPOSED,
  REASON_KEY_OF_OTHER_THREAD,
  REASON_SIGN_THREW,
  REASON_BAD_SIGNATURE,
  REASON_UNSUPPORTED,
};

void errors_init(void);

/* The number that OpenSSL gave to this library. */
int errors_library(void);

/* raise(REASON_..., "format", ...): the formatted text stands behind the reason. */
#define raise(reason, ...) ERR_raise_data(errors_library(), reason, __VA_ARGS__)

#endif
