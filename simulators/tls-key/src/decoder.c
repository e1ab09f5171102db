/* The decoder: called with every PEM private key that this process parses, so it must leave others' alone quickly. */
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include "errors.h"
#include "hosted-key.h"
#include "provider.h"

/* A reference is shorter, with some room for text in front of it. */
#define INPUT_BYTES 1024

typedef struct {
  int is_ec;
} Decoder;

/* Decoders hold nothing that changes. */
static Decoder decoders[] = {{.is_ec = 0}, {.is_ec = 1}};

static void *new_rsa_decoder(void *provider) { return &decoders[0]; }
static void *new_ec_decoder(void *provider) { return &decoders[1]; }
static void free_decoder(void *decoder) {}

static void read_input(OSSL_CORE_BIO *input, char text[INPUT_BYTES]) {
  size_t length = 0, read = 0;
  while (length < INPUT_BYTES - 1 && core_bio_read_ex(input, text + length, INPUT_BYTES - 1 - length, &read) == 1 &&
         read > 0) {
    length += read;
  }
  text[length] = '\0';
}

/* Gives libcrypto the key itself, not its parts; the key manager's LOAD then takes it out of `key`. */
static int hand_over(HostedKey **key, const char *type, OSSL_CALLBACK *take, void *take_argument) {
  int object_type = OSSL_OBJECT_PKEY;
  OSSL_PARAM object[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &object_type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, (char *)type, 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, key, sizeof(*key)),
      OSSL_PARAM_construct_end(),
  };
  return take(object, take_argument);
}

/* 1 without a call of `take` says: not mine, ask the next decoder. */
static int decode(void *context, OSSL_CORE_BIO *input, int selection, OSSL_CALLBACK *take, void *take_argument,
                  OSSL_PASSPHRASE_CALLBACK *passphrase, void *passphrase_argument) {
  const Decoder *decoder = context;
  char text[INPUT_BYTES];
  unsigned char id[KEY_ID_BYTES];
  read_input(input, text);
  switch (hosted_key_parse_pem(text, id)) {
    case NOT_A_REFERENCE:
      return 1;
    case BAD_REFERENCE:
      raise(REASON_BAD_REFERENCE, "it is not one that registerKey gave");
      return 0;
    case REFERENCE:
      break;
  }
  HostedKey *key = hosted_key_find(id);
  if (key == NULL) {
    raise(REASON_UNKNOWN_KEY, "it was disposed of, its worker has ended, or it is of another process");
    return 0;
  }
  int ok = 1;
  if (hosted_key_is_ec(key) == decoder->is_ec) {
    ok = hand_over(&key, decoder->is_ec ? "EC" : "RSA", take, take_argument);
  }
  hosted_key_release(key);
  return ok;
}

const OSSL_DISPATCH ec_decoder[] = {
    ENTRY(OSSL_FUNC_DECODER_NEWCTX, new_ec_decoder),
    ENTRY(OSSL_FUNC_DECODER_FREECTX, free_decoder),
    ENTRY(OSSL_FUNC_DECODER_DECODE, decode),
    END_OF_TABLE,
};

const OSSL_DISPATCH rsa_decoder[] = {
    ENTRY(OSSL_FUNC_DECODER_NEWCTX, new_rsa_decoder),
    ENTRY(OSSL_FUNC_DECODER_FREECTX, free_decoder),
    ENTRY(OSSL_FUNC_DECODER_DECODE, decode),
    END_OF_TABLE,
};
