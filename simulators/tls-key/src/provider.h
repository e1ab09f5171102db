/*
 * The OpenSSL provider "node-tls-key": three kinds of operation, each a table of functions (OSSL_DISPATCH) that
 * libcrypto looks up by number. See provider(7), provider-keymgmt(7), provider-signature(7), provider-decoder(7).
 *
 *   decoder      finds a reference in PEM text and hands over the key that it stands for
 *   key manager  answers for the public half of the key, and refuses to give a private one
 *   signature    hashes here, has the digest signed in JavaScript
 */
#ifndef NODE_TLS_KEY_PROVIDER_H
#define NODE_TLS_KEY_PROVIDER_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#define PROVIDER_NAME "node-tls-key"
#define PROVIDER_PROPERTY "provider=" PROVIDER_NAME

/*
 * Signatures have names of their own, which only the key manager gives away (QUERY_OPERATION_NAME): under the usual
 * ones libcrypto would first try to move each key to the default provider.
 */
#define ECDSA_NAME "NODE-TLS-KEY-ECDSA"
#define RSA_NAME "NODE-TLS-KEY-RSA"

/* Adds the provider to this process's OpenSSL. NULL, or why that cannot be. Once in a process. */
const char *provider_load(void);

/* Dispatch entries differ in their types; the number says which function it is. */
#define ENTRY(number, function) {number, (void (*)(void))(function)}
#define END_OF_TABLE {0, NULL}

extern const OSSL_DISPATCH ec_key_manager[];
extern const OSSL_DISPATCH rsa_key_manager[];
extern const OSSL_DISPATCH ecdsa_signature[];
extern const OSSL_DISPATCH rsa_signature[];
extern const OSSL_DISPATCH ec_decoder[];
extern const OSSL_DISPATCH rsa_decoder[];

/* Reads what a decoder is to decode: BIO_read_ex of libcrypto, known from the provider's start on. */
extern OSSL_FUNC_BIO_read_ex_fn *core_bio_read_ex;

#endif
