import type { DeviceFault } from './device-fault.ts';

/** The loader says which file is missing, a library that the module needs or the module itself; keyd does not pass that on. */
export const moduleMissing = {
  description: 'is told of a PKCS #11 module that the loader cannot load',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'platform', code: 'AZIOT_KEYS_RC_ERR_EXTERNAL' },
    x509: { kind: 'platform', code: 'AZIOT_KEYS_RC_ERR_EXTERNAL' },
  },
  token: { uri: { modulePath: '/usr/lib/pkcs11/libdps-rig-no-such-module.so' } },
  toldAs: {
    code: 'AZIOT_KEYS_RC_ERR_EXTERNAL',
    message: 'could not set pkcs11_lib_path: AZIOT_KEYS_RC_ERR_EXTERNAL',
  },
} as const satisfies DeviceFault;
