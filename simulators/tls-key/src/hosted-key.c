#include "hosted-key.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define BUCKETS 4096
static const char pem_begin[] = "-----BEGIN HSM KEY REFERENCE-----";
static const char pem_end[] = "-----END HSM KEY REFERENCE-----";

struct environment {
  napi_env env;
  /* Address of a variable that every thread has its own of. */
  const char *thread;
  HostedKey *keys;
};

struct hosted_key {
  atomic_int holders;
  unsigned char id[KEY_ID_BYTES];
  EVP_PKEY *public_key;
  /* NULL once the environment has let go; guarded by the lock, like the two lists. */
  Environment *owner;
  napi_ref sign;
  HostedKey *next_in_bucket;
  HostedKey *next_of_owner;
};

static _Thread_local char this_thread;

/* Guards the table, the environments' lists, and every key's owner. Never held while JavaScript or OpenSSL runs. */
static CRYPTO_RWLOCK *lock;
static HostedKey *buckets[BUCKETS];
static int count;

int hosted_keys_init(void) {
  lock = CRYPTO_THREAD_lock_new();
  return lock != NULL;
}

/* Ids are random, so any of their bits spread well. */
static HostedKey **bucket_of(const unsigned char id[KEY_ID_BYTES]) {
  return &buckets[(id[0] | id[1] << 8) % BUCKETS];
}

static int has_id(const HostedKey *key, const unsigned char id[KEY_ID_BYTES]) {
  return memcmp(key->id, id, KEY_ID_BYTES) == 0;
}

/* With the lock held: takes the key out of the table and from its owner. The table's hold is the caller's now. */
static void unlink_key(HostedKey *key) {
  HostedKey **link = bucket_of(key->id);
  while (*link != key) link = &(*link)->next_in_bucket;
  *link = key->next_in_bucket;
  link = &key->owner->keys;
  while (*link != key) link = &(*link)->next_of_owner;
  *link = key->next_of_owner;
  key->owner = NULL;
  count--;
}

/* Runs when a thread's JavaScript ends, while references can still be deleted. */
static void environment_end(void *data) {
  Environment *environment = data;
  for (;;) {
    CRYPTO_THREAD_write_lock(lock);
    HostedKey *key = environment->keys;
    if (key != NULL) unlink_key(key);
    CRYPTO_THREAD_unlock(lock);
    if (key == NULL) break;
    napi_delete_reference(environment->env, key->sign);
    hosted_key_release(key);
  }
  OPENSSL_free(environment);
}

Environment *environment_new(napi_env env) {
  Environment *environment = OPENSSL_zalloc(sizeof(*environment));
  if (environment == NULL) return NULL;
  environment->env = env;
  environment->thread = &this_thread;
  if (napi_add_env_cleanup_hook(env, environment_end, environment) == napi_ok) return environment;
  OPENSSL_free(environment);
  return NULL;
}

HostedKey *hosted_key_register(Environment *owner, EVP_PKEY *public_key, napi_ref sign) {
  HostedKey *key = OPENSSL_zalloc(sizeof(*key));
  if (key == NULL || RAND_bytes(key->id, KEY_ID_BYTES) != 1) {
    OPENSSL_free(key);
    EVP_PKEY_free(public_key);
    napi_delete_reference(owner->env, sign);
    return NULL;
  }
  atomic_init(&key->holders, 1);
  key->public_key = public_key;
  key->owner = owner;
  key->sign = sign;
  CRYPTO_THREAD_write_lock(lock);
  HostedKey **bucket = bucket_of(key->id);
  key->next_in_bucket = *bucket;
  *bucket = key;
  key->next_of_owner = owner->keys;
  owner->keys = key;
  count++;
  CRYPTO_THREAD_unlock(lock);
  return key;
}

int hosted_key_unregister(Environment *owner, const unsigned char id[KEY_ID_BYTES]) {
  CRYPTO_THREAD_write_lock(lock);
  HostedKey *key = *bucket_of(id);
  while (key != NULL && !has_id(key, id)) key = key->next_in_bucket;
  /* Another thread's key stays: its function can be released there only. */
  if (key != NULL && key->owner != owner) key = NULL;
  if (key != NULL) unlink_key(key);
  CRYPTO_THREAD_unlock(lock);
  if (key == NULL) return 0;
  napi_delete_reference(owner->env, key->sign);
  hosted_key_release(key);
  return 1;
}

HostedKey *hosted_key_find(const unsigned char id[KEY_ID_BYTES]) {
  CRYPTO_THREAD_read_lock(lock);
  HostedKey *key = *bucket_of(id);
  while (key != NULL && !has_id(key, id)) key = key->next_in_bucket;
  if (key != NULL) hosted_key_hold(key);
  CRYPTO_THREAD_unlock(lock);
  return key;
}

HostedKey *hosted_key_hold(HostedKey *key) {
  atomic_fetch_add(&key->holders, 1);
  return key;
}

void hosted_key_release(HostedKey *key) {
  if (key == NULL || atomic_fetch_sub(&key->holders, 1) > 1) return;
  EVP_PKEY_free(key->public_key);
  OPENSSL_free(key);
}

int hosted_keys_count(void) {
  CRYPTO_THREAD_read_lock(lock);
  int now = count;
  CRYPTO_THREAD_unlock(lock);
  return now;
}

void hosted_key_pem(const HostedKey *key, char pem[KEY_PEM_BYTES]) {
  unsigned char base64[KEY_ID_BYTES * 2];
  EVP_EncodeBlock(base64, key->id, KEY_ID_BYTES);
  snprintf(pem, KEY_PEM_BYTES, "%s\n%s\n%s\n", pem_begin, (const char *)base64, pem_end);
}

PemKind hosted_key_parse_pem(const char *text, unsigned char id[KEY_ID_BYTES]) {
  const char *block = strstr(text, "-----BEGIN ");
  if (block == NULL || strncmp(block, pem_begin, sizeof(pem_begin) - 1) != 0) return NOT_A_REFERENCE;
  const unsigned char *body = (const unsigned char *)block + sizeof(pem_begin) - 1;
  const int characters = (KEY_ID_BYTES + 2) / 3 * 4;
  unsigned char decoded[KEY_ID_BYTES + 2];
  body += strspn((const char *)body, "\r\n");
  if (strlen((const char *)body) < (size_t)characters) return BAD_REFERENCE;
  /* Counts the padding as bytes, hence the room in `decoded`. */
  if (EVP_DecodeBlock(decoded, body, characters) != (int)sizeof(decoded)) return BAD_REFERENCE;
  memcpy(id, decoded, KEY_ID_BYTES);
  return REFERENCE;
}

EVP_PKEY *hosted_key_public(const HostedKey *key) { return key->public_key; }

int hosted_key_is_ec(const HostedKey *key) { return EVP_PKEY_is_a(key->public_key, "EC"); }

KeyState hosted_key_signer(HostedKey *key, napi_env *env, napi_ref *sign) {
  KeyState state = KEY_DISPOSED;
  CRYPTO_THREAD_read_lock(lock);
  if (key->owner != NULL) {
    state = key->owner->thread == &this_thread ? KEY_USABLE : KEY_OF_OTHER_THREAD;
    *env = key->owner->env;
    *sign = key->sign;
  }
  CRYPTO_THREAD_unlock(lock);
  return state;
}
