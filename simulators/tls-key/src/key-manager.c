/*
 * The key managers: what libcrypto and libssl learn of a key. Whatever is public comes from its public half.
 *
 * There is no MATCH, so that libcrypto compares a certificate's key with one of ours in the default provider, with what
 * EXPORT gives. With one it would first try to move the certificate's key here, and leave an error about that in the
 * queue, in front of "key values mismatch".
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "hosted-key.h"
#include "provider.h"

/* OpenSSL 3.0 insists on this function. Keys are made by LOAD only. */
static void *new_key(void *provider) { return NULL; }

static void free_key(void *key) { hosted_key_release(key); }

/* Takes over what the decoder left: the pointer itself, so that the decoder does not release it. */
static void *load(const void *reference, size_t length) {
  if (length != sizeof(HostedKey *)) return NULL;
  HostedKey **held = (HostedKey **)reference;
  HostedKey *key = *held;
  *held = NULL;
  return key;
}

/* The private half too: it is there, only not here. */
static int has(const void *key, int selection) { return key != NULL; }

static int get_params(void *key, OSSL_PARAM params[]) { return EVP_PKEY_get_params(hosted_key_public(key), params); }

static const OSSL_PARAM *gettable_params(void *provider) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
      OSSL_PARAM_END,
  };
  return params;
}

/*
 * The refusal is what this provider stands on: a key that could be exported would be, and signed with by the default
 * provider. Public halves must go out, for the comparison of a certificate with its key.
 */
static int export_key(void *key, int selection, OSSL_CALLBACK *take, void *take_argument) {
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return 0;
  return EVP_PKEY_export(hosted_key_public(key), selection, take, take_argument);
}

static const OSSL_PARAM *export_types(int selection) {
  return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ? NULL : gettable_params(NULL);
}

static const char *ec_operation_name(int operation) { return operation == OSSL_OP_SIGNATURE ? ECDSA_NAME : NULL; }
static const char *rsa_operation_name(int operation) { return operation == OSSL_OP_SIGNATURE ? RSA_NAME : NULL; }

#define KEY_MANAGER(operation_name)                                \
  {                                                                \
    ENTRY(OSSL_FUNC_KEYMGMT_NEW, new_key),                         \
    ENTRY(OSSL_FUNC_KEYMGMT_FREE, free_key),                       \
    ENTRY(OSSL_FUNC_KEYMGMT_LOAD, load),                           \
    ENTRY(OSSL_FUNC_KEYMGMT_HAS, has),                             \
    ENTRY(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),               \
    ENTRY(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),     \
    ENTRY(OSSL_FUNC_KEYMGMT_EXPORT, export_key),                   \
    ENTRY(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, export_types),           \
    ENTRY(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_name), \
    END_OF_TABLE,                                                  \
  }

const OSSL_DISPATCH ec_key_manager[] = KEY_MANAGER(ec_operation_name);
const OSSL_DISPATCH rsa_key_manager[] = KEY_MANAGER(rsa_operation_name);
