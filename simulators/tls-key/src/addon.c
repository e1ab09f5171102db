/* The face towards JavaScript: register, unregister, count. See NativeAddon in native.ts. */
#include <node_api.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "errors.h"
#include "hosted-key.h"
#include "provider.h"

/* Once in a process, however many threads load the addon. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static const char *load_failure;

static void load_once(void) {
  errors_init();
  load_failure = hosted_keys_init() ? provider_load() : "out of memory";
}

static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, "TLS_KEY_ADDON", message);
  return NULL;
}

static Environment *environment_of(napi_env env) {
  void *environment = NULL;
  napi_get_instance_data(env, &environment);
  return environment;
}

/* register(publicKey: Uint8Array, sign: function): string */
static napi_value register_key(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], pem;
  napi_valuetype type = napi_undefined;
  void *bytes = NULL;
  size_t length = 0;
  napi_ref sign;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 2 ||
      napi_get_buffer_info(env, arguments[0], &bytes, &length) != napi_ok ||
      napi_typeof(env, arguments[1], &type) != napi_ok || type != napi_function) {
    return fail(env, "expected a public key and a function");
  }
  const unsigned char *der = bytes;
  EVP_PKEY *public_key = d2i_PUBKEY(NULL, &der, (long)length);
  if (public_key == NULL || (!EVP_PKEY_is_a(public_key, "EC") && !EVP_PKEY_is_a(public_key, "RSA"))) {
    EVP_PKEY_free(public_key);
    ERR_clear_error();
    return fail(env, "expected a SubjectPublicKeyInfo with an EC or RSA key");
  }
  if (napi_create_reference(env, arguments[1], 1, &sign) != napi_ok) {
    EVP_PKEY_free(public_key);
    return fail(env, "out of memory");
  }
  HostedKey *key = hosted_key_register(environment_of(env), public_key, sign);
  if (key == NULL) return fail(env, "out of memory");
  char text[KEY_PEM_BYTES];
  hosted_key_pem(key, text);
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &pem) == napi_ok ? pem : NULL;
}

/* unregister(pem: string): boolean */
static napi_value unregister_key(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result;
  char pem[KEY_PEM_BYTES];
  unsigned char id[KEY_ID_BYTES];
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count != 1 ||
      napi_get_value_string_utf8(env, argument, pem, sizeof(pem), NULL) != napi_ok) {
    return fail(env, "expected a key reference");
  }
  int done = hosted_key_parse_pem(pem, id) == REFERENCE && hosted_key_unregister(environment_of(env), id);
  return napi_get_boolean(env, done, &result) == napi_ok ? result : NULL;
}

/* count(): number */
static napi_value count_keys(napi_env env, napi_callback_info info) {
  napi_value result;
  return napi_create_int32(env, hosted_keys_count(), &result) == napi_ok ? result : NULL;
}

/* Runs in every environment that loads the addon. */
NAPI_MODULE_INIT() {
  if (CRYPTO_THREAD_run_once(&once, load_once) != 1) return fail(env, "OpenSSL cannot be set up");
  if (load_failure != NULL) return fail(env, load_failure);
  Environment *environment = environment_new(env);
  if (environment == NULL || napi_set_instance_data(env, environment, NULL, NULL) != napi_ok) {
    return fail(env, "out of memory");
  }
  const napi_property_descriptor functions[] = {
      {"register", NULL, register_key, NULL, NULL, NULL, napi_enumerable, NULL},
      {"unregister", NULL, unregister_key, NULL, NULL, NULL, napi_enumerable, NULL},
      {"count", NULL, count_keys, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof(functions) / sizeof(*functions), functions);
  return exports;
}
