import type { ExplanationTable } from '../explanation.ts';

const standard = 'PKCS #11 v3.1 §4.4';

/** Return values of PKCS #11 (CKR_), by name. */
export const pkcs11Codes: ExplanationTable = {
  CKR_OK: { number: 0x0, means: 'The call was carried out.', source: standard },
  CKR_CANCEL: {
    number: 0x1,
    means: 'The call was cancelled by the application’s callback.',
    source: standard,
  },
  CKR_HOST_MEMORY: {
    number: 0x2,
    means: 'The machine has not enough memory for the call, or the module could not reach its daemon.',
    source: 'opencryptoki 370',
    causes: [
      {
        because: 'a module whose daemon does not run, in a container for example',
        tell: 'its log; a SoftHSM in the same place works',
        fix: 'Start the daemon (pkcsslotd), mount its socket and configuration.',
      },
    ],
  },
  CKR_SLOT_ID_INVALID: {
    number: 0x3,
    means: 'There is no slot of this number.',
    source: 'SoftHSMv2 334, 225, 382, 660',
    texts: ['Slot 0 does not exist'],
    causes: [
      {
        because:
          'the slot is given by a fixed number; SoftHSM numbers slots after the serial number of the token once it is loaded again',
        tell: 'pkcs11-tool --list-slots',
        fix: 'Name the token by its label or serial number (`pkcs11:token=…`).',
        reproduce: 'conformance/hsm-faults.toml token-absent',
      },
    ],
  },
  CKR_GENERAL_ERROR: {
    number: 0x5,
    means: 'An error that the module cannot or will not name.',
    source: 'python-pkcs11 152; tpm2-abrmd 719; iot-identity-service 120',
    texts: ['could not set pkcs11_lib_path', 'AZIOT_KEYS_RC_ERR_EXTERNAL'],
    causes: [
      {
        because: 'the configuration file or token directory cannot be read by this user',
        tell: 'SOFTHSM2_CONF as the user of the service; its log',
        fix: 'Give the user the rights, or another file.',
      },
      {
        because: 'a TPM under the module ran out of slots',
        tell: 'TPM_RC_OBJECT_MEMORY (0x902) in the log underneath',
        fix: 'Put a resource manager in front, or flush.',
      },
    ],
  },
  CKR_FUNCTION_FAILED: {
    number: 0x6,
    means: 'The call failed, and the module does not say why.',
    source: 'SoftHSMv2 issues',
    causes: [
      {
        because: 'the token directory was removed or is not writable while the module has it open',
        tell: 'the files of the token',
        fix: 'Restore them; restart the process.',
        reproduce: 'conformance/hsm-faults.toml token-removed',
      },
    ],
  },
  CKR_ARGUMENTS_BAD: { number: 0x7, means: 'An argument is not allowed here.', source: standard },
  CKR_NO_EVENT: { number: 0x8, means: 'No slot has an event.', source: standard },
  CKR_NEED_TO_CREATE_THREADS: {
    number: 0x9,
    means: 'The module needs threads, and was told not to make any.',
    source: standard,
  },
  CKR_CANT_LOCK: {
    number: 0xa,
    means: 'The kind of locking that was asked for is not there.',
    source: standard,
  },
  CKR_ATTRIBUTE_READ_ONLY: { number: 0x10, means: 'The attribute cannot be set.', source: standard },
  CKR_ATTRIBUTE_SENSITIVE: {
    number: 0x11,
    means: 'The attribute is secret and cannot be read.',
    source: standard,
  },
  CKR_ATTRIBUTE_TYPE_INVALID: { number: 0x12, means: 'The object has no such attribute.', source: standard },
  CKR_ATTRIBUTE_VALUE_INVALID: {
    number: 0x13,
    means: 'The value of an attribute is not allowed.',
    source: standard,
  },
  CKR_ACTION_PROHIBITED: {
    number: 0x1b,
    means: 'The object does not allow it (not copyable, not destroyable).',
    source: standard,
  },
  CKR_DATA_INVALID: {
    number: 0x20,
    means: 'The data to work on are not right for the mechanism.',
    source: standard,
  },
  CKR_DATA_LEN_RANGE: {
    number: 0x21,
    means: 'The data are too long or too short for the mechanism.',
    source: standard,
  },
  CKR_DEVICE_ERROR: {
    number: 0x30,
    means: 'The token or its slot has a fault.',
    source: 'PKCS #11 v3.1 §4.4',
    causes: [
      {
        because: 'the token broke or was pulled while it signed',
        tell: 'other calls to the same token',
        fix: 'Replace it; try again once.',
        reproduce: 'conformance/hsm-faults.toml token-error',
      },
    ],
  },
  CKR_DEVICE_MEMORY: { number: 0x31, means: 'The token is full.', source: standard },
  CKR_DEVICE_REMOVED: {
    number: 0x32,
    means: 'The token was taken out during the call.',
    source: 'PKCS #11 v3.1 §4.4',
    causes: [
      {
        because: 'the token was pulled',
        tell: 'list the slots again',
        fix: 'Plug it in, open a new session.',
        reproduce: 'conformance/hsm-faults.toml token-removed',
      },
    ],
  },
  CKR_ENCRYPTED_DATA_INVALID: { number: 0x40, means: 'The data do not decrypt.', source: standard },
  CKR_ENCRYPTED_DATA_LEN_RANGE: {
    number: 0x41,
    means: 'The encrypted data are too long or too short.',
    source: standard,
  },
  CKR_AEAD_DECRYPT_FAILED: { number: 0x42, means: 'The authentication tag does not fit.', source: standard },
  CKR_FUNCTION_CANCELED: { number: 0x50, means: 'The call was cancelled.', source: standard },
  CKR_FUNCTION_NOT_PARALLEL: {
    number: 0x51,
    means: 'No call runs in parallel (no longer used).',
    source: standard,
  },
  CKR_FUNCTION_NOT_SUPPORTED: {
    number: 0x54,
    means: 'The module does not have this function.',
    source: standard,
  },
  CKR_KEY_HANDLE_INVALID: {
    number: 0x60,
    means: 'The handle names no key.',
    source: 'PKCS #11 v3.1 §4.4',
    causes: [
      {
        because: 'no key of that label or id in the token, or the login was lost',
        tell: 'pkcs11-tool --login --list-objects',
        fix: 'Correct `object=` or `id=` of the URI; log in again.',
        reproduce: 'conformance/hsm-faults.toml key-missing',
      },
    ],
  },
  CKR_KEY_SIZE_RANGE: { number: 0x62, means: 'The size of the key is not allowed.', source: standard },
  CKR_KEY_TYPE_INCONSISTENT: {
    number: 0x63,
    means: 'The type of the key does not suit the mechanism.',
    source: standard,
  },
  CKR_KEY_NOT_NEEDED: { number: 0x64, means: 'A key was given where none is due.', source: standard },
  CKR_KEY_CHANGED: { number: 0x65, means: 'The key is not the one of the saved state.', source: standard },
  CKR_KEY_NEEDED: { number: 0x66, means: 'The saved state needs a key.', source: standard },
  CKR_KEY_INDIGESTIBLE: { number: 0x67, means: 'The key cannot be digested.', source: standard },
  CKR_KEY_FUNCTION_NOT_PERMITTED: {
    number: 0x68,
    means: 'The attributes of the key forbid this use.',
    source: standard,
  },
  CKR_KEY_NOT_WRAPPABLE: { number: 0x69, means: 'The key cannot be wrapped.', source: standard },
  CKR_KEY_UNEXTRACTABLE: { number: 0x6a, means: 'The key never leaves the token.', source: standard },
  CKR_MECHANISM_INVALID: {
    number: 0x70,
    means: 'The token does not have this mechanism, or not for this.',
    source: 'PKCS #11 v3.1 §4.4',
    causes: [
      {
        because: 'the token has no RSA-PSS or no EC of this curve, and TLS 1.3 wants it',
        tell: 'pkcs11-tool --list-mechanisms',
        fix: 'Use an EC key, or TLS 1.2.',
      },
    ],
  },
  CKR_MECHANISM_PARAM_INVALID: {
    number: 0x71,
    means: 'The parameters of the mechanism are not allowed.',
    source: standard,
  },
  CKR_OBJECT_HANDLE_INVALID: { number: 0x82, means: 'The handle names no object.', source: standard },
  CKR_OPERATION_ACTIVE: {
    number: 0x90,
    means: 'An operation of this session is not finished.',
    source: standard,
  },
  CKR_OPERATION_NOT_INITIALIZED: {
    number: 0x91,
    means: 'No operation has been started in this session.',
    source: standard,
  },
  CKR_PIN_INCORRECT: {
    number: 0xa0,
    means: 'The PIN is wrong.',
    source: 'libp11 273; SoftHSMv2 421',
    causes: [
      {
        because: 'a wrong PIN, or the SO’s where the user’s is due',
        tell: 'pkcs11-tool --login --list-objects with the same PIN',
        fix: 'Correct it in the PIN file or URI before the token locks.',
        reproduce: 'conformance/hsm-faults.toml wrong-pin',
      },
    ],
  },
  CKR_PIN_INVALID: {
    number: 0xa1,
    means: 'The new PIN has characters that are not allowed.',
    source: standard,
  },
  CKR_PIN_LEN_RANGE: { number: 0xa2, means: 'The PIN is too long or too short.', source: standard },
  CKR_PIN_EXPIRED: { number: 0xa3, means: 'The PIN has expired and must be changed.', source: standard },
  CKR_PIN_LOCKED: {
    number: 0xa4,
    means: 'The PIN is locked after too many wrong ones.',
    source: 'SoftHSMv2 421',
    causes: [
      {
        because: 'too many wrong PINs: real tokens lock, SoftHSM never does',
        tell: 'flags of C_GetTokenInfo: CKF_USER_PIN_LOCKED',
        fix: 'The SO sets a new PIN (pkcs11-tool --init-pin --login --login-type so).',
        reproduce: 'conformance/hsm-faults.toml pin-locked',
      },
    ],
  },
  CKR_SESSION_CLOSED: { number: 0xb0, means: 'The session was closed during the call.', source: standard },
  CKR_SESSION_COUNT: {
    number: 0xb1,
    means: 'The token has no room for another session.',
    source: 'PKCS #11 v3.1 §5.6',
    causes: [
      {
        because: 'sessions are not closed, or more devices share a token than it has room for',
        tell: 'ulSessionCount and ulMaxSessionCount of C_GetTokenInfo',
        fix: 'Close sessions after use; spread the load over tokens.',
        reproduce: 'conformance/hsm-faults.toml session-limit',
      },
    ],
  },
  CKR_SESSION_HANDLE_INVALID: {
    number: 0xb3,
    means: 'The handle names no session that is open.',
    source: standard,
  },
  CKR_SESSION_PARALLEL_NOT_SUPPORTED: {
    number: 0xb4,
    means: 'CKF_SERIAL_SESSION must be set.',
    source: standard,
  },
  CKR_SESSION_READ_ONLY: { number: 0xb5, means: 'The session is read-only.', source: standard },
  CKR_SESSION_EXISTS: { number: 0xb6, means: 'A session is open, and none may be.', source: standard },
  CKR_SESSION_READ_ONLY_EXISTS: {
    number: 0xb7,
    means: 'A read-only session is open, and the SO cannot log in beside it.',
    source: 'SoftHSMv2 451',
    causes: [
      {
        because: 'a read-only session is open when the SO logs in',
        tell: 'the sessions of the process',
        fix: 'Close it, or open all sessions read-write before the SO logs in.',
      },
    ],
  },
  CKR_SESSION_READ_WRITE_SO_EXISTS: {
    number: 0xb8,
    means: 'The SO is logged in, and a read-only session cannot be opened beside it.',
    source: standard,
  },
  CKR_SIGNATURE_INVALID: { number: 0xc0, means: 'The signature is wrong.', source: standard },
  CKR_SIGNATURE_LEN_RANGE: { number: 0xc1, means: 'The signature has the wrong length.', source: standard },
  CKR_TEMPLATE_INCOMPLETE: {
    number: 0xd0,
    means: 'Attributes are missing for the new object.',
    source: standard,
  },
  CKR_TEMPLATE_INCONSISTENT: {
    number: 0xd1,
    means: 'The attributes of the new object contradict each other.',
    source: standard,
  },
  CKR_TOKEN_NOT_PRESENT: {
    number: 0xe0,
    means: 'No token is in the slot.',
    source: 'PKCS #11 v3.1 §4.4',
    causes: [
      {
        because: 'no token of that label, or its store is gone (a container without a volume)',
        tell: 'softhsm2-util --show-slots',
        fix: 'Mount the token directory on a volume; create the token.',
        reproduce: 'conformance/hsm-faults.toml token-absent',
      },
    ],
  },
  CKR_TOKEN_NOT_RECOGNIZED: {
    number: 0xe1,
    means: 'The token is not one of this module’s.',
    source: standard,
  },
  CKR_TOKEN_WRITE_PROTECTED: {
    number: 0xe2,
    means: 'The token cannot be written to.',
    source: 'boulder 3468',
    causes: [
      {
        because: 'the token directory is read-only; SoftHSM opens it for writing even to sign',
        tell: 'rights and mount options of the directory',
        fix: 'Make it writable for the service, or copy it at start.',
      },
    ],
  },
  CKR_UNWRAPPING_KEY_HANDLE_INVALID: {
    number: 0xf0,
    means: 'The handle names no unwrapping key.',
    source: standard,
  },
  CKR_UNWRAPPING_KEY_SIZE_RANGE: {
    number: 0xf1,
    means: 'The size of the unwrapping key is not allowed.',
    source: standard,
  },
  CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT: {
    number: 0xf2,
    means: 'The type of the unwrapping key does not suit the mechanism.',
    source: standard,
  },
  CKR_USER_ALREADY_LOGGED_IN: {
    number: 0x100,
    means: 'The user is logged in already; one login serves all sessions of the process.',
    source: standard,
  },
  CKR_USER_NOT_LOGGED_IN: {
    number: 0x101,
    means: 'Somebody must log in first.',
    source: 'PKCS #11 v3.1 §4.4',
    causes: [
      {
        because: 'the key is private and nobody logged in in this process',
        tell: 'pkcs11-tool without --login shows no private key',
        fix: 'Give `pin-value` or `pin-source` in the URI.',
        reproduce: 'conformance/hsm-faults.toml pin-unreadable',
      },
    ],
  },
  CKR_USER_PIN_NOT_INITIALIZED: {
    number: 0x102,
    means: 'The SO has not set a user PIN yet.',
    source: standard,
  },
  CKR_USER_TYPE_INVALID: { number: 0x103, means: 'There is no such kind of user.', source: standard },
  CKR_USER_ANOTHER_ALREADY_LOGGED_IN: {
    number: 0x104,
    means: 'Another user is logged in.',
    source: standard,
  },
  CKR_USER_TOO_MANY_TYPES: {
    number: 0x105,
    means: 'Too many kinds of user are logged in.',
    source: standard,
  },
  CKR_WRAPPED_KEY_INVALID: { number: 0x110, means: 'The wrapped key cannot be unwrapped.', source: standard },
  CKR_WRAPPED_KEY_LEN_RANGE: {
    number: 0x112,
    means: 'The wrapped key has the wrong length.',
    source: standard,
  },
  CKR_WRAPPING_KEY_HANDLE_INVALID: {
    number: 0x113,
    means: 'The handle names no wrapping key.',
    source: standard,
  },
  CKR_WRAPPING_KEY_SIZE_RANGE: {
    number: 0x114,
    means: 'The size of the wrapping key is not allowed.',
    source: standard,
  },
  CKR_WRAPPING_KEY_TYPE_INCONSISTENT: {
    number: 0x115,
    means: 'The type of the wrapping key does not suit the mechanism.',
    source: standard,
  },
  CKR_RANDOM_SEED_NOT_SUPPORTED: { number: 0x120, means: 'The token takes no seed.', source: standard },
  CKR_RANDOM_NO_RNG: { number: 0x121, means: 'The token has no random numbers.', source: standard },
  CKR_DOMAIN_PARAMS_INVALID: {
    number: 0x130,
    means: 'The domain parameters are not allowed.',
    source: standard,
  },
  CKR_CURVE_NOT_SUPPORTED: { number: 0x140, means: 'The token does not know the curve.', source: standard },
  CKR_BUFFER_TOO_SMALL: { number: 0x150, means: 'The buffer is too small for the result.', source: standard },
  CKR_SAVED_STATE_INVALID: { number: 0x160, means: 'The saved state is not valid.', source: standard },
  CKR_INFORMATION_SENSITIVE: { number: 0x170, means: 'The information is secret.', source: standard },
  CKR_STATE_UNSAVEABLE: { number: 0x180, means: 'The state cannot be saved.', source: standard },
  CKR_CRYPTOKI_NOT_INITIALIZED: {
    number: 0x190,
    means: 'C_Initialize has not been called in this process.',
    source: 'libp11 500, 43',
    causes: [
      {
        because: 'the process forked, and the child uses the parent’s module',
        tell: 'works when the child starts afresh',
        fix: 'Initialise again after fork, or spawn instead.',
      },
    ],
  },
  CKR_CRYPTOKI_ALREADY_INITIALIZED: {
    number: 0x191,
    means: 'C_Initialize has been called in this process already.',
    source: 'rust-cryptoki 260; pkcs11js 62',
    causes: [
      {
        because: 'two parts of a process initialise the module',
        tell: 'who calls C_Initialize',
        fix: 'Initialise once for the process and share the module; close nobody else’s.',
      },
    ],
  },
  CKR_MUTEX_BAD: { number: 0x1a0, means: 'The mutex is not one.', source: standard },
  CKR_MUTEX_NOT_LOCKED: { number: 0x1a1, means: 'The mutex is not locked.', source: standard },
  CKR_NEW_PIN_MODE: { number: 0x1b0, means: 'A new PIN is due.', source: standard },
  CKR_NEXT_OTP: { number: 0x1b1, means: 'The next one-time password is due.', source: standard },
  CKR_EXCEEDED_MAX_ITERATIONS: { number: 0x1b5, means: 'Too many iterations were needed.', source: standard },
  CKR_FIPS_SELF_TEST_FAILED: { number: 0x1b6, means: 'The FIPS self-test failed.', source: standard },
  CKR_LIBRARY_LOAD_FAILED: {
    number: 0x1b7,
    means: 'A library that the module needs could not be loaded.',
    source: standard,
  },
  CKR_PIN_TOO_WEAK: { number: 0x1b8, means: 'The new PIN is too weak.', source: standard },
  CKR_PUBLIC_KEY_INVALID: { number: 0x1b9, means: 'The public key is not valid.', source: standard },
  CKR_FUNCTION_REJECTED: { number: 0x200, means: 'Somebody was asked and said no.', source: standard },
  CKR_TOKEN_RESOURCE_EXCEEDED: {
    number: 0x201,
    means: 'The token has not enough of something inside.',
    source: standard,
  },
  CKR_OPERATION_CANCEL_FAILED: {
    number: 0x202,
    means: 'The operation cannot be cancelled.',
    source: standard,
  },
  CKR_KEY_EXHAUSTED: { number: 0x203, means: 'The key may not be used any more.', source: standard },
  CKR_VENDOR_DEFINED: {
    number: 0x80000000,
    means: 'This and everything above is defined by the maker of the module.',
    source: standard,
  },
};
