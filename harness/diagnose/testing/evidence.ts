import type {
  DeviceEvidence,
  EnrolledEvidence,
  EnrollmentEvidence,
  GroupEvidence,
  TpmCondition,
  TpmEvidence,
} from '../../../simulators/index.ts';
import type { Evidence } from '../evidence.ts';

/** A second without a fraction: expiries are in seconds. */
export const NOW_MS = 1_800_000_000_000;

interface Changes extends Partial<Omit<Evidence, 'device' | 'service'>> {
  /** Of the error that the device ended with. Default: 401002 of the service. */
  readonly code?: string;
  readonly device?: Partial<DeviceEvidence> | undefined;
  readonly service?: Partial<Evidence['service']>;
}

/** A device of an individual enrollment that was refused, with everything right but what is changed. */
export function evidenceOf(
  attestation: 'symmetric-key' | 'tpm',
  { code = 'DPS_401002', device, service = {}, ...changes }: Changes,
): Evidence {
  const error = { name: 'Error', family: 'peer', code, message: code, details: {} } as const;
  const common: DeviceEvidence = {
    registrationId: 'dev-1',
    idScope: '0ne1',
    clock: { deviceMs: NOW_MS, machineMs: NOW_MS },
    ...(attestation === 'symmetric-key' ? { key: { bytes: 32, digest: 'key', padding: 'as-needed' } } : {}),
  };
  return {
    registrationId: 'dev-1',
    result: { kind: 'error', error },
    planned: { enrollment: 'individual', attestation },
    phasesMs: {},
    service: { idScope: '0ne1', proxied: false, ...service },
    device: { ...common, ...device },
    ...changes,
  };
}

/** The TPM refused a command. */
export const tpmRefusal = (code: string, command = 'TPM2_Import'): Evidence['result'] => ({
  kind: 'error',
  error: { name: 'TpmResponseError', family: 'peer', code, message: code, details: { command } },
});

/** A TPM as it was made, but for the changes. */
export const answeringTpm = (changes: Partial<TpmCondition>): TpmEvidence => ({
  endorsementKeyOnRecord: 'ek',
  storageRootKeyOnRecord: 'srk',
  presentedEndorsementKey: 'ek',
  condition: {
    kind: 'answers',
    persistentHandles: [0x81000001, 0x81010001],
    endorsementKey: 'ek',
    endorsementKeyBytes: 314,
    storageRootKey: 'srk',
    lockout: { active: false, failedTries: 0, maxTries: 3 },
    ownerPassword: false,
    endorsementPassword: false,
    loadedSessions: 0,
    transientObjects: 0,
    ...changes,
  },
});

const enrolled = (kind: EnrolledEvidence['kind']): EnrolledEvidence => ({
  enrollmentId: 'dev-1',
  kind,
  disabled: false,
  enrolledAtMs: NOW_MS - 86_400_000,
  keys: [],
  endorsementKey: null,
  certificates: [],
  unlinkedHubs: [],
  webhook: null,
});

const nothingOnRecord = { refusal: null, lastRequest: null, hubIdentity: null } as const;

/** The service knows the device by name. */
export const enrolledIndividually = (
  kind: EnrolledEvidence['kind'],
  changes: Partial<EnrolledEvidence>,
): EnrollmentEvidence => ({
  registrationId: 'dev-1',
  individual: { ...enrolled(kind), ...changes },
  groups: [],
  ...nothingOnRecord,
});

/** The service has one group, for symmetric keys. */
export const group = (changes: Partial<GroupEvidence>): EnrollmentEvidence => ({
  registrationId: 'dev-1',
  individual: null,
  groups: [
    {
      ...enrolled('symmetric-key'),
      enrollmentId: 'group',
      derivedKeys: ['another'],
      derivedTwice: [],
      derivedFromOtherCase: [],
      ...changes,
    },
  ],
  ...nothingOnRecord,
});
