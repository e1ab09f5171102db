/*
 * A private key that is elsewhere: its public half, and the JavaScript function that signs with it.
 *
 * Two parties hold such keys: the environment (a thread's JavaScript) that registered it, until it disposes of it or
 * ends, and OpenSSL, for each EVP_PKEY made from its reference. Whoever lets go last frees it. After the environment
 * has let go the key can still be compared and asked for its size, and no longer sign.
 */
#ifndef NODE_TLS_KEY_HOSTED_KEY_H
#define NODE_TLS_KEY_HOSTED_KEY_H

#include <node_api.h>
#include <openssl/evp.h>

#define KEY_ID_BYTES 16
/* Label, 24 characters of base64, line ends, NUL: see hosted_key_pem(). */
#define KEY_PEM_BYTES 128

/* One JavaScript environment: the main thread's, or a worker's. */
typedef struct environment Environment;

typedef struct hosted_key HostedKey;

/* Once in a process, before anything else. 0 when memory is out. */
int hosted_keys_init(void);

/* The environment of this thread, made when its addon is loaded; its keys are let go of when it ends. */
Environment *environment_new(napi_env env);

/* Takes over `public_key` and `sign`, also when it fails (NULL). */
HostedKey *hosted_key_register(Environment *owner, EVP_PKEY *public_key, napi_ref sign);

/* Lets go of the key on behalf of its environment. 0 when `owner` has no such key. */
int hosted_key_unregister(Environment *owner, const unsigned char id[KEY_ID_BYTES]);

/* Another holder of the key with this id, or NULL when none is registered. */
HostedKey *hosted_key_find(const unsigned char id[KEY_ID_BYTES]);
HostedKey *hosted_key_hold(HostedKey *key);
void hosted_key_release(HostedKey *key);

int hosted_keys_count(void);

/* The reference as PEM, NUL-terminated. */
void hosted_key_pem(const HostedKey *key, char pem[KEY_PEM_BYTES]);

typedef enum {
  NOT_A_REFERENCE,
  BAD_REFERENCE, /* our label, with something else inside */
  REFERENCE,
} PemKind;

/* Reads what hosted_key_pem() wrote; text in front of the first PEM block is passed over. */
PemKind hosted_key_parse_pem(const char *text, unsigned char id[KEY_ID_BYTES]);

EVP_PKEY *hosted_key_public(const HostedKey *key);
int hosted_key_is_ec(const HostedKey *key);

typedef enum { KEY_USABLE, KEY_DISPOSED, KEY_OF_OTHER_THREAD } KeyState;

/* Whether this thread may sign with the key now; if so, where. The answer is good until JavaScript runs again. */
KeyState hosted_key_signer(HostedKey *key, napi_env *env, napi_ref *sign);

#endif
