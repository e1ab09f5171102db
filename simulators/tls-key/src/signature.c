/* The signatures: the message is hashed here, the digest is signed in JavaScript. */
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

#include "errors.h"
#include "hosted-key.h"
#include "provider.h"
#include "sign-in-javascript.h"

/* The longest that OpenSSL has a name for, and an RSA modulus of 16384 bits. */
#define HASH_NAME_BYTES 50
#define SIGNATURE_BYTES 2048

typedef struct {
  HostedKey *key;
  EVP_MD_CTX *hashing;
  EVP_MD *hash;
  /* RSA only. */
  int padding;
  int salt_length;
  char mgf1_hash[HASH_NAME_BYTES];
} Signature;

static void *new_signature(void *provider, const char *properties) {
  Signature *signature = OPENSSL_zalloc(sizeof(*signature));
  if (signature == NULL) return NULL;
  signature->padding = RSA_PKCS1_PADDING;
  signature->salt_length = RSA_PSS_SALTLEN_DIGEST;
  return signature;
}

static void free_signature(void *context) {
  Signature *signature = context;
  hosted_key_release(signature->key);
  EVP_MD_CTX_free(signature->hashing);
  EVP_MD_free(signature->hash);
  OPENSSL_free(signature);
}

/* A hash under the name that node:crypto has for it, or NULL for one that no signature in TLS uses. */
static const char *node_hash_name(const EVP_MD *hash) {
  switch (EVP_MD_get_type(hash)) {
    case NID_sha1:
      return "sha1";
    case NID_sha224:
      return "sha224";
    case NID_sha256:
      return "sha256";
    case NID_sha384:
      return "sha384";
    case NID_sha512:
      return "sha512";
    default:
      return NULL;
  }
}

static int set_hash(Signature *signature, const char *name) {
  EVP_MD *hash = EVP_MD_fetch(NULL, name, NULL);
  if (hash == NULL || node_hash_name(hash) == NULL) {
    EVP_MD_free(hash);
    raise(REASON_UNSUPPORTED, "hash %s", name);
    return 0;
  }
  EVP_MD_free(signature->hash);
  signature->hash = hash;
  return 1;
}

/* Values come as numbers from programs and as words from command lines. */
static int read_padding(const OSSL_PARAM *param, int *padding) {
  const char *word = NULL;
  if (param->data_type != OSSL_PARAM_UTF8_STRING) {
    if (OSSL_PARAM_get_int(param, padding) != 1) return 0;
  } else {
    if (OSSL_PARAM_get_utf8_string_ptr(param, &word) != 1) return 0;
    *padding = strcmp(word, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0 ? RSA_PKCS1_PSS_PADDING
               : strcmp(word, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0 ? RSA_PKCS1_PADDING
                                                                   : 0;
  }
  if (*padding == RSA_PKCS1_PADDING || *padding == RSA_PKCS1_PSS_PADDING) return 1;
  raise(REASON_UNSUPPORTED, "RSA padding %d", *padding);
  return 0;
}

static int read_salt_length(const OSSL_PARAM *param, int *salt_length) {
  const char *word = NULL;
  if (param->data_type != OSSL_PARAM_UTF8_STRING) return OSSL_PARAM_get_int(param, salt_length);
  if (OSSL_PARAM_get_utf8_string_ptr(param, &word) != 1) return 0;
  char *end = NULL;
  long number = strtol(word, &end, 10);
  *salt_length = end != word ? (int)number : strcmp(word, "max") == 0 ? RSA_PSS_SALTLEN_MAX : RSA_PSS_SALTLEN_DIGEST;
  return 1;
}

static int set_params(void *context, const OSSL_PARAM params[]) {
  Signature *signature = context;
  const OSSL_PARAM *param;
  const char *name = NULL;
  if (params == NULL) return 1;
  if ((param = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE)) != NULL &&
      !read_padding(param, &signature->padding)) {
    return 0;
  }
  if ((param = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN)) != NULL &&
      !read_salt_length(param, &signature->salt_length)) {
    return 0;
  }
  if ((param = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST)) != NULL) {
    if (OSSL_PARAM_get_utf8_string_ptr(param, &name) != 1) return 0;
    OPENSSL_strlcpy(signature->mgf1_hash, name, sizeof(signature->mgf1_hash));
  }
  return 1;
}

static const OSSL_PARAM *settable_ecdsa_params(void *context, void *provider) {
  static const OSSL_PARAM params[] = {OSSL_PARAM_END};
  return params;
}

static const OSSL_PARAM *settable_rsa_params(void *context, void *provider) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
      OSSL_PARAM_END,
  };
  return params;
}

/* `key` is NULL when the context is used again. */
static int init(void *context, const char *hash_name, void *key, const OSSL_PARAM params[]) {
  Signature *signature = context;
  if (key != NULL) {
    hosted_key_release(signature->key);
    signature->key = hosted_key_hold(key);
  }
  if (!set_hash(signature, hash_name == NULL ? "SHA256" : hash_name) || !set_params(context, params)) return 0;
  if (signature->hashing == NULL) signature->hashing = EVP_MD_CTX_new();
  return signature->hashing != NULL && EVP_DigestInit_ex(signature->hashing, signature->hash, NULL);
}

static int update(void *context, const unsigned char *data, size_t length) {
  return EVP_DigestUpdate(((Signature *)context)->hashing, data, length);
}

static int salt_bytes(const Signature *signature, int digest_length) {
  const int modulus_bits = EVP_PKEY_get_bits(hosted_key_public(signature->key));
  /* RFC 8017 §9.1.1: emLen - hLen - 2. */
  if (signature->salt_length == RSA_PSS_SALTLEN_MAX) return (modulus_bits + 6) / 8 - digest_length - 2;
  /* "auto" is left to the signer: tokens and TPMs know the length of the digest best, and TLS asks for that one. */
  return signature->salt_length < 0 ? digest_length : signature->salt_length;
}

static int sign_rsa(Signature *signature, SignRequest *request, unsigned char *output, size_t *length) {
  *length = EVP_PKEY_get_size(hosted_key_public(signature->key));
  request->kind = "rsa-pkcs1";
  if (signature->padding == RSA_PKCS1_PSS_PADDING) {
    request->kind = "rsa-pss";
    request->salt_length = salt_bytes(signature, (int)request->digest_length);
    if (signature->mgf1_hash[0] != '\0') {
      EVP_MD *mgf1 = EVP_MD_fetch(NULL, signature->mgf1_hash, NULL);
      request->mgf1_hash = mgf1 == NULL ? NULL : node_hash_name(mgf1);
      EVP_MD_free(mgf1);
      if (request->mgf1_hash == NULL) {
        raise(REASON_UNSUPPORTED, "MGF1 with %s", signature->mgf1_hash);
        return 0;
      }
    }
  }
  return sign_in_javascript(signature->key, request, output, *length);
}

/* JavaScript gives r and s as tokens and TPMs do; TLS wants Ecdsa-Sig-Value (RFC 3279 §2.2.3). */
static int sign_ecdsa(Signature *signature, SignRequest *request, unsigned char *output, size_t *length) {
  unsigned char numbers[SIGNATURE_BYTES];
  const int coordinate = (EVP_PKEY_get_bits(hosted_key_public(signature->key)) + 7) / 8;
  request->kind = "ecdsa";
  if (!sign_in_javascript(signature->key, request, numbers, (size_t)coordinate * 2)) return 0;
  ECDSA_SIG *pair = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(numbers, coordinate, NULL);
  BIGNUM *s = BN_bin2bn(numbers + coordinate, coordinate, NULL);
  int der_length = 0;
  if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
    BN_free(r);
    BN_free(s);
  } else {
    der_length = i2d_ECDSA_SIG(pair, &output);
  }
  ECDSA_SIG_free(pair);
  *length = der_length > 0 ? (size_t)der_length : 0;
  return der_length > 0;
}

typedef int Signer(Signature *, SignRequest *, unsigned char *, size_t *);

/* Called twice: without `output` for the length at most, then for the signature. */
static int final(void *context, Signer *signer, unsigned char *output, size_t *length, size_t size) {
  Signature *signature = context;
  const size_t longest = EVP_PKEY_get_size(hosted_key_public(signature->key));
  if (output == NULL) {
    *length = longest;
    return 1;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_length = 0;
  if (size < longest || longest > SIGNATURE_BYTES || !EVP_DigestFinal_ex(signature->hashing, digest, &digest_length)) {
    return 0;
  }
  const char *hash = node_hash_name(signature->hash);
  SignRequest request = {.hash = hash, .digest = digest, .digest_length = digest_length, .mgf1_hash = hash};
  return signer(signature, &request, output, length);
}

static int final_ecdsa(void *context, unsigned char *output, size_t *length, size_t size) {
  return final(context, sign_ecdsa, output, length, size);
}

static int final_rsa(void *context, unsigned char *output, size_t *length, size_t size) {
  return final(context, sign_rsa, output, length, size);
}

#define SIGNATURE(final_function, settable_params)                                  \
  {                                                                                 \
    ENTRY(OSSL_FUNC_SIGNATURE_NEWCTX, new_signature),                               \
    ENTRY(OSSL_FUNC_SIGNATURE_FREECTX, free_signature),                             \
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, init),                              \
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, update),                          \
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, final_function),                   \
    ENTRY(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_params),                          \
    ENTRY(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_params),                \
    END_OF_TABLE,                                                                   \
  }

const OSSL_DISPATCH ecdsa_signature[] = SIGNATURE(final_ecdsa, settable_ecdsa_params);
const OSSL_DISPATCH rsa_signature[] = SIGNATURE(final_rsa, settable_rsa_params);
