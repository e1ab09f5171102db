/* The way from a handshake into JavaScript and back. */
#ifndef NODE_TLS_KEY_SIGN_IN_JAVASCRIPT_H
#define NODE_TLS_KEY_SIGN_IN_JAVASCRIPT_H

#include "hosted-key.h"

/* What the `sign` function is called with; see SignRequest in sign-request.ts. */
typedef struct {
  const char *kind;
  const char *hash;
  const unsigned char *digest;
  size_t digest_length;
  const char *mgf1_hash;
  int salt_length;
} SignRequest;

/*
 * Calls the key's `sign` function, which must give exactly `length` bytes. Runs on the thread of the handshake, which
 * stands still meanwhile. 0 after an error was raised.
 */
int sign_in_javascript(HostedKey *key, const SignRequest *request, unsigned char *signature, size_t length);

#endif
