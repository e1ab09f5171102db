import type { Cause } from '../explanation.ts';

/**
 * Why a TPM says what it says, for the codes that people met; their meaning is in the table of all response codes.
 *
 * The names are without `TPM_RC_`.
 */
export const tpmCauses: Readonly<
  Record<
    string,
    { readonly source: string; readonly texts?: readonly string[]; readonly causes: readonly Cause[] }
  >
> = {
  INITIALIZE: {
    source: 'swtpm 1049; tpm2-abrmd 793',
    causes: [
      {
        because: 'nobody has sent TPM2_Startup since power-on',
        tell: 'every command gets the same answer',
        fix: 'Start swtpm with --flags startup-clear, or send TPM2_Startup(CLEAR) first.',
      },
    ],
  },
  FAILURE: {
    source: 'keylime/rust-keylime 168; TPM 2.0 Part 1 §12.4',
    causes: [
      {
        because:
          'the EK was made as a signing key (swtpm_setup --allow-signing) and ActivateCredential trips over it',
        tell: 'the attributes of the EK: restricted and decrypt must be set, sign must not',
        fix: 'Make the TPM again without --allow-signing.',
      },
      {
        because: 'the TPM failed its self-test',
        tell: 'TPM2_GetTestResult; every other command is refused',
        fix: 'Power-cycle it; a state file that was damaged has to be made again.',
      },
    ],
  },
  NV_DEFINED: {
    source: 'iotedge 6638; identity-service pull 451; tpm2-tss 2424',
    texts: ['SRK persistent handle already defined', 'Esys_EvictControl'],
    causes: [
      {
        because: 'a persistent key of somebody else is at the handle, or one of an earlier start',
        tell: 'tpm2_getcap handles-persistent; identity service 1.4.0 writes its key to a handle that it does not look at',
        fix: 'Evict it (tpm2_evictcontrol -C o -c HANDLE), or update the identity service to 1.4.1.',
      },
    ],
  },
  HANDLE: {
    source: 'iot-identity-service 450; reference of IoT Edge §7',
    texts: ['Esys_ReadPublic', 'could not read endorsement key from', 'could not read storage root key from'],
    causes: [
      {
        because: 'there is no EK at 0x81010001 or no SRK at 0x81000001 yet',
        tell: 'tpm2_getcap handles-persistent; the daemon of IoT Edge 1.4 and later logs it and then makes them',
        fix: 'Nothing, if the next log lines go on; else tpm2_createek and tpm2_evictcontrol.',
      },
    ],
  },
  INTEGRITY: {
    source: 'TPM 2.0 Part 3 §12.5; azure-iot-sdk-csharp 926',
    texts: ['Failed Load Id key', 'could not import auth key'],
    causes: [
      {
        because: 'the challenge was made for another EK or SRK than this TPM has',
        tell: 'the EK in the enrollment against the one that the device reads now',
        fix: 'Enroll the EK of now; keep the state of a simulated TPM between runs.',
        reproduce: 'conformance/https-refusals.toml foreign-challenge',
      },
      {
        because:
          'a key is loaded under another SRK than it was made for (firmware, or a clear, made a new one)',
        tell: 'iotedge 5834: trusted-launch machines come with an SRK of another template',
        fix: 'Register again, so that the key is imported under the SRK of now.',
      },
    ],
  },
  BINDING: {
    source: 'azure-iot-sdk-csharp 926',
    causes: [
      {
        because: 'the credential was not made for this EK, or the TPM is faulty',
        tell: 'the same call with the same blob on a software TPM in the same state',
        fix: 'Enroll the EK of now; if it persists on one machine only, suspect the chip.',
      },
    ],
  },
  BAD_AUTH: {
    source: 'iotedge 3195; azure-iot-sdk-csharp 2991',
    texts: ['0x9A2', 'BadAuth'],
    causes: [
      {
        because: 'a hierarchy has a password: somebody took ownership of the TPM',
        tell: 'ownerAuthSet or endorsementAuthSet in tpm2_getcap properties-variable',
        fix: 'Give it in [tpm] hierarchy_authorization (1.4 and later), or clear the TPM.',
      },
    ],
  },
  AUTH_FAIL: {
    source: 'TPM 2.0 Part 1 §19.8',
    causes: [
      {
        because: 'a wrong password of a key that is protected against guessing',
        tell: 'the lockout counter went up (tpm2_getcap properties-variable)',
        fix: 'Give the right password before the TPM locks.',
      },
    ],
  },
  LOCKOUT: {
    source: 'TPM 2.0 Part 1 §19.8',
    causes: [
      {
        because: 'too many wrong passwords; on Windows often by another program',
        tell: 'lockoutCounter equals maxAuthFail',
        fix: 'Wait for the recovery time (powered on), or tpm2_dictionarylockout -c with the lockout password.',
      },
    ],
  },
  OBJECT_MEMORY: {
    source: 'tpm2-tools 2381, 303; tpm2-openssl 58; tpm2-abrmd 719',
    causes: [
      {
        because:
          'all three slots for transient objects are taken: no resource manager, or a program leaves keys loaded',
        tell: 'tpm2_getcap handles-transient',
        fix: 'Use /dev/tpmrm0 instead of /dev/tpm0, or tpm2_flushcontext -t.',
      },
    ],
  },
  SESSION_MEMORY: {
    source: 'tpm2-tools 1949',
    causes: [
      {
        because: 'sessions were not flushed after an error',
        tell: 'tpm2_getcap handles-loaded-session',
        fix: 'tpm2_flushcontext -l, and flush in the error path of the program.',
      },
    ],
  },
  CONTEXT_GAP: {
    source: 'tpm2-tools 3020',
    causes: [
      {
        because: 'very old saved sessions are kept while many new ones are made',
        tell: 'tpm2_getcap handles-saved-session',
        fix: 'tpm2_flushcontext -s.',
      },
    ],
  },
  SIZE: {
    source: 'tpm2-pkcs11 857',
    texts: ['structure is the wrong size'],
    causes: [
      {
        because: 'a value is longer than this TPM takes: hardware is stricter than the software TPM',
        tell: 'parameter number in the code against the command’s table in Part 3',
        fix: 'Shorten the value, e.g. to the size of the digest.',
      },
    ],
  },
  COMMAND_CODE: {
    source: 'azure-iot-sdk-c 627',
    causes: [
      {
        because: 'the TPM, its firmware or a resource manager does not offer the command',
        tell: 'tpm2_getcap commands',
        fix: 'Another TPM, or another way to do it.',
      },
    ],
  },
};

/** Codes that come from software in front of the TPM. */
export const tpmLayerCodes: readonly {
  readonly code: string;
  readonly number: number;
  readonly means: string;
  readonly source: string;
  readonly causes: readonly Cause[];
}[] = [
  {
    code: 'TPM_E_COMMAND_BLOCKED',
    number: 0x80280400,
    means: 'Windows did not let the command through to the TPM.',
    source: 'azure-iot-sdk-c 627',
    causes: [
      {
        because: 'the program is not elevated, and Windows reserves the command for administrators',
        tell: 'the same program from an elevated prompt',
        fix: 'Run it elevated.',
      },
    ],
  },
];
