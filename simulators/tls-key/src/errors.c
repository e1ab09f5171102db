#include "errors.h"

static int library;

/* Not const: the number that OpenSSL gives to this library goes into each code, and OpenSSL keeps the table. */
static ERR_STRING_DATA strings[] = {
    {0, "node-tls-key"},
    {ERR_PACK(0, 0, REASON_UNKNOWN_KEY), "no key with this reference is registered"},
    {ERR_PACK(0, 0, REASON_BAD_REFERENCE), "malformed key reference"},
    {ERR_PACK(0, 0, REASON_KEY_DISPOSED), "the key was disposed of"},
    {ERR_PACK(0, 0, REASON_KEY_OF_OTHER_THREAD), "the key belongs to another thread"},
    {ERR_PACK(0, 0, REASON_SIGN_THREW), "the sign function threw"},
    {ERR_PACK(0, 0, REASON_BAD_SIGNATURE), "the sign function gave no signature"},
    {ERR_PACK(0, 0, REASON_UNSUPPORTED), "not supported for keys by reference"},
    {0, NULL},
};

void errors_init(void) {
  library = ERR_get_next_error_library();
  /* A zero would end the table. */
  strings[0].error = ERR_PACK(library, 0, 0);
  ERR_load_strings(library, strings);
}

int errors_library(void) { return library; }
