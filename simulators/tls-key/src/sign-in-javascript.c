#include "sign-in-javascript.h"

#include <string.h>

#include "errors.h"

#define MESSAGE_BYTES 256
#define ARGUMENTS 5

/* Takes the exception that is pending out of JavaScript: nobody up the stack expects one. */
static void clear_exception(napi_env env, char message[MESSAGE_BYTES]) {
  napi_value exception, text;
  strcpy(message, "(no message)");
  if (napi_get_and_clear_last_exception(env, &exception) != napi_ok) return;
  if (napi_get_named_property(env, exception, "message", &text) != napi_ok ||
      napi_get_value_string_utf8(env, text, message, MESSAGE_BYTES, NULL) != napi_ok) {
    /* Not an Error, or one whose `message` throws in its turn. */
    napi_get_and_clear_last_exception(env, &exception);
  }
}

static int make_arguments(napi_env env, const SignRequest *request, napi_value arguments[ARGUMENTS]) {
  return napi_create_string_utf8(env, request->kind, NAPI_AUTO_LENGTH, &arguments[0]) == napi_ok &&
         napi_create_string_utf8(env, request->hash, NAPI_AUTO_LENGTH, &arguments[1]) == napi_ok &&
         napi_create_buffer_copy(env, request->digest_length, request->digest, NULL, &arguments[2]) == napi_ok &&
         napi_create_string_utf8(env, request->mgf1_hash, NAPI_AUTO_LENGTH, &arguments[3]) == napi_ok &&
         napi_create_int32(env, request->salt_length, &arguments[4]) == napi_ok;
}

static int copy_signature(napi_env env, napi_value value, unsigned char *signature, size_t length) {
  bool is_bytes = false;
  void *bytes = NULL;
  size_t given = 0;
  if (napi_is_buffer(env, value, &is_bytes) != napi_ok || !is_bytes ||
      napi_get_buffer_info(env, value, &bytes, &given) != napi_ok) {
    raise(REASON_BAD_SIGNATURE, "it must return a Uint8Array of %zu bytes", length);
    return 0;
  }
  if (given != length) {
    raise(REASON_BAD_SIGNATURE, "it returned %zu bytes instead of %zu", given, length);
    return 0;
  }
  memcpy(signature, bytes, length);
  return 1;
}

static int call(napi_env env, napi_ref sign, const SignRequest *request, unsigned char *signature, size_t length) {
  napi_value function, receiver, arguments[ARGUMENTS], result;
  if (napi_get_reference_value(env, sign, &function) == napi_ok && napi_get_undefined(env, &receiver) == napi_ok &&
      make_arguments(env, request, arguments) &&
      napi_call_function(env, receiver, function, ARGUMENTS, arguments, &result) == napi_ok) {
    return copy_signature(env, result, signature, length);
  }
  char message[MESSAGE_BYTES];
  clear_exception(env, message);
  raise(REASON_SIGN_THREW, "%s", message);
  return 0;
}

int sign_in_javascript(HostedKey *key, const SignRequest *request, unsigned char *signature, size_t length) {
  napi_env env = NULL;
  napi_ref sign = NULL;
  switch (hosted_key_signer(key, &env, &sign)) {
    case KEY_DISPOSED:
      raise(REASON_KEY_DISPOSED, "make contexts from keys that are registered");
      return 0;
    case KEY_OF_OTHER_THREAD:
      raise(REASON_KEY_OF_OTHER_THREAD, "a key signs only on the thread that registered it");
      return 0;
    case KEY_USABLE:
      break;
  }
  /* Node may come here from its event loop, without a scope for the handles that are made below. */
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return 0;
  int ok = call(env, sign, request, signature, length);
  napi_close_handle_scope(env, scope);
  return ok;
}
