import { type DeviceFault, type ExpectedRefusal, notAdmitted, type TpmStateFault } from './device-fault.ts';

/** A TPM that is in a state which its device does not expect. */
const tpmState = (
  tpm: TpmStateFault,
  description: string,
  refusal: string | ExpectedRefusal,
  clients: DeviceFault['clients'] = 'any',
) =>
  ({
    description,
    enrollments: ['individual'],
    clients,
    expected: { tpm: typeof refusal === 'string' ? { kind: 'tpm', responseName: refusal } : refusal },
    tpm,
  }) as const satisfies DeviceFault;

/** Every state of a TPM, by the name of the mistake. */
export const tpmStateFaults = {
  'tpm-remade': tpmState(
    'new-endorsement-seed',
    'has a TPM that was made anew since it was enrolled',
    notAdmitted,
  ),
  'ek-of-other-template': tpmState(
    'ek-of-other-template',
    'presents an EK that its TPM made from another template',
    notAdmitted,
  ),
  'srk-missing': tpmState('srk-missing', 'has a TPM without an SRK at 0x81000001', 'TPM_RC_HANDLE'),
  'srk-of-firmware': tpmState(
    'srk-of-firmware',
    'has a TPM whose SRK firmware made in another way',
    'TPM_RC_INTEGRITY',
  ),
  'tpm-provisioned-again': tpmState(
    'provisioned-again',
    'makes EK and SRK in a TPM that has them',
    'TPM_RC_NV_DEFINED',
  ),
  'identity-handle-taken': tpmState(
    'identity-handle-taken',
    'keeps its key at a handle that is taken',
    'TPM_RC_NV_DEFINED',
  ),
  'usual-handle-taken': tpmState(
    'usual-handle-taken',
    'finds the key of another client where it keeps its own',
    'TPM_RC_NV_DEFINED',
  ),
  'owner-password': tpmState('owner-password', 'has a TPM whose owner has a password', 'TPM_RC_BAD_AUTH'),
  'endorsement-password': tpmState(
    'endorsement-password',
    'has a TPM whose endorsement hierarchy has a password',
    'TPM_RC_BAD_AUTH',
  ),
  'tpm-sessions-full': tpmState(
    'sessions-full',
    'has a TPM with no room for a further session',
    'TPM_RC_SESSION_MEMORY',
  ),
  'tpm-objects-full': tpmState(
    'objects-full',
    'has a TPM with no room for a further object',
    'TPM_RC_OBJECT_MEMORY',
  ),
  'tpm-not-started': tpmState(
    'not-started',
    'has a TPM that was never sent TPM2_Startup',
    'TPM_RC_INITIALIZE',
  ),
  'tpm-hangs': tpmState('hangs', 'has a TPM that does not answer any more', 'TIMEOUT'),
  'tpm-command-blocked': tpmState(
    'command-blocked',
    'may not send TPM2_ActivateCredential',
    'TPM_E_COMMAND_BLOCKED',
  ),
  'tpm-strict-sizes': tpmState(
    'strict-sizes',
    'has a TPM that refuses sizes which others take',
    'TPM_RC_SIZE',
  ),
  'tpm-signing-ek': tpmState(
    'signing-ek',
    'has a TPM that was set up with an EK that may sign',
    'TPM_RC_FAILURE',
  ),
  'ek-of-other-profile': tpmState(
    'ek-of-other-profile',
    'looks for its EK where that of another profile would be',
    'TPM_RC_HANDLE',
  ),
  'tpm-socket-gone': tpmState('socket-gone', 'has a TPM whose daemon died unseen', 'TPM_UNREACHABLE'),
  'tpm-by-ipv6': tpmState(
    'other-address-family',
    'connects by IPv6 to a TPM that listens on IPv4',
    'TPM_UNREACHABLE',
  ),
  'tpm-response-cut': tpmState('cut-response', 'gets half a response from its TPM', 'CODEC'),
} as const;
