#include "provider.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <string.h>

OSSL_FUNC_BIO_read_ex_fn *core_bio_read_ex;

/* The names are those of the default provider's key managers: libssl asks a key whether it "is a" EC or RSA. */
static const OSSL_ALGORITHM key_managers[] = {
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", PROVIDER_PROPERTY, ec_key_manager, "EC keys by reference"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROVIDER_PROPERTY, rsa_key_manager, "RSA keys by reference"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM signatures[] = {
    {ECDSA_NAME, PROVIDER_PROPERTY, ecdsa_signature, "ECDSA in JavaScript"},
    {RSA_NAME, PROVIDER_PROPERTY, rsa_signature, "RSA in JavaScript"},
    {NULL, NULL, NULL, NULL},
};

/* A decoder is named for the keys that it makes, and chosen by the form of its input. */
static const OSSL_ALGORITHM decoders[] = {
    {"EC", PROVIDER_PROPERTY ",input=pem", ec_decoder, "references to EC keys"},
    {"RSA", PROVIDER_PROPERTY ",input=pem", rsa_decoder, "references to RSA keys"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query_operation(void *context, int operation, int *no_cache) {
  *no_cache = 0;
  switch (operation) {
    case OSSL_OP_KEYMGMT:
      return key_managers;
    case OSSL_OP_SIGNATURE:
      return signatures;
    case OSSL_OP_DECODER:
      return decoders;
    default:
      return NULL;
  }
}

static const OSSL_DISPATCH provider_functions[] = {
    ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query_operation),
    END_OF_TABLE,
};

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core, const OSSL_DISPATCH **functions,
                         void **context) {
  for (; core->function_id != 0; core++) {
    if (core->function_id == OSSL_FUNC_BIO_READ_EX) core_bio_read_ex = OSSL_FUNC_BIO_read_ex(core);
  }
  if (core_bio_read_ex == NULL) return 0;
  *functions = provider_functions;
  *context = (void *)handle;
  return 1;
}

/* Whether new keys of this type would come to us, who cannot make any. */
static int took_over(const char *key_type) {
  EVP_KEYMGMT *manager = EVP_KEYMGMT_fetch(NULL, key_type, NULL);
  int ours = manager != NULL && strcmp(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(manager)), PROVIDER_NAME) == 0;
  EVP_KEYMGMT_free(manager);
  return ours;
}

const char *provider_load(void) {
  if (OSSL_PROVIDER_add_builtin(NULL, PROVIDER_NAME, provider_init) != 1) return "OpenSSL takes no more providers";
  /* 1: go on with the default provider, which libcrypto loads by itself only as long as no other was loaded. */
  OSSL_PROVIDER *provider = OSSL_PROVIDER_try_load(NULL, PROVIDER_NAME, 1);
  if (provider == NULL) return "OpenSSL does not start the provider";
  /* Of several key managers with one name libcrypto takes the first; with a configuration of its own it might be us. */
  ERR_set_mark();
  int wrong = took_over("EC") || took_over("RSA");
  ERR_pop_to_mark();
  if (!wrong) return NULL;
  OSSL_PROVIDER_unload(provider);
  return "this process's OpenSSL configuration puts other providers before the default one";
}
