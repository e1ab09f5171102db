import type {
  DeviceEvidence,
  DeviceResult,
  DeviceSpec,
  EnrollmentEvidence,
  Phase,
  ServiceProbe,
} from '../../simulators/index.ts';

/** What the service is, of which the devices are part; alike for all devices of a run. */
export interface ServiceEvidence {
  readonly idScope: string;
  /** Whether devices go through a proxy. */
  readonly proxied: boolean;
  /** As anybody sees it who connects; absent where nobody looked. */
  readonly probe?: ServiceProbe | undefined;
}

/** Everything that is known of one device that failed. Plain data, without secrets. */
export interface Evidence {
  readonly registrationId: string;
  readonly result: Exclude<DeviceResult, { kind: 'assigned' | 'aborted' }>;
  /** How it was to be enrolled, and to prove itself; nothing of what was done wrong on purpose. */
  readonly planned: Pick<DeviceSpec, 'enrollment' | 'attestation'>;
  /** Where the attempt spent its time. */
  readonly phasesMs: Readonly<Partial<Record<Phase, number>>>;
  /** Absent when the device could not be looked at. */
  readonly device?: DeviceEvidence | undefined;
  readonly service: ServiceEvidence;
  /** Absent where the service shows nothing of it. */
  readonly enrollment?: EnrollmentEvidence | undefined;
}

/** The code under which the failure is counted: `DPS_401002`, `TPM_RC_HANDLE`, `CKR_PIN_LOCKED`. */
export function codeOf({ result }: Pick<Evidence, 'result'>): string {
  if (result.kind === 'error') return result.error.code;
  return `DPS_${result.errorCode ?? result.status.toUpperCase()}`;
}

/** Whether the service, or the hardware, said one of these. */
export const isCode = (evidence: Pick<Evidence, 'result'>, ...codes: readonly string[]): boolean =>
  codes.includes(codeOf(evidence));

/** The service refused who the device says it is. That a registration ended as failed is said of somebody it let in. */
export const isRefusedIdentity = (evidence: Pick<Evidence, 'result'>): boolean =>
  evidence.result.kind === 'error' && /^DPS_(401|404)/.test(codeOf(evidence));

/** DPS assigned the device, and its hub did not take it. */
export const isHubRefusal = (evidence: Pick<Evidence, 'result'>): boolean =>
  codeOf(evidence).startsWith('HUB_');

/** The device has sent its first request. */
export const hasRegistered = ({ phasesMs }: Pick<Evidence, 'phasesMs'>): boolean =>
  phasesMs.register !== undefined;

/** In the words of who refused. */
export const messageOf = ({ result }: Pick<Evidence, 'result'>): string =>
  result.kind === 'error' ? result.error.message : result.message;

/** The command of the TPM that was refused. */
export function refusedCommand({ result }: Pick<Evidence, 'result'>): string | undefined {
  const command = result.kind === 'error' ? result.error.details['command'] : undefined;
  return typeof command === 'string' ? command : undefined;
}

/** The call of the PKCS #11 module that was refused. */
export function refusedCall({ result }: Pick<Evidence, 'result'>): string | undefined {
  const call = result.kind === 'error' ? result.error.details['call'] : undefined;
  return typeof call === 'string' ? call : undefined;
}

/** Where on the way to a peer something broke: `tpm` is the way to the TPM. */
export function brokenPhase({ result }: Pick<Evidence, 'result'>): string | undefined {
  const phase = result.kind === 'error' ? result.error.details['phase'] : undefined;
  return typeof phase === 'string' ? phase : undefined;
}

/** How far the device's clock is ahead of the service's, in milliseconds; negative when it is behind. */
export function clockAheadMs({ device, service: { probe } }: Evidence): number | undefined {
  if (device === undefined) return undefined;
  const serviceAheadMs = probe?.kind === 'answers' ? (probe.clockAheadMs ?? 0) : 0;
  return device.clock.deviceMs - device.clock.machineMs - serviceAheadMs;
}

/** The time as the service has it, when the device was looked at; Unix milliseconds. */
export function serviceNowMs({ device, service: { probe } }: Evidence): number | undefined {
  if (device === undefined) return undefined;
  return device.clock.machineMs + (probe?.kind === 'answers' ? (probe.clockAheadMs ?? 0) : 0);
}

/** The EK that the service was shown; `null` when the TPM has none. */
export function presentedEndorsementKey({ device }: Evidence): string | null | undefined {
  const tpm = device?.tpm;
  if (tpm === undefined) return undefined;
  return (
    tpm.presentedEndorsementKey ??
    (tpm.condition.kind === 'answers' ? tpm.condition.endorsementKey : undefined)
  );
}

/** Less than this is no wait. */
const NOTABLE_MS = 1_000;

/** Where the time of an attempt went that took too long: the step that it still waits for, else the longest phase. */
export function slowestPhase({
  device,
  phasesMs,
}: Evidence): { readonly phase: Phase; readonly ms: number } | undefined {
  if (device?.waitingFor !== undefined)
    return { phase: device.waitingFor.phase, ms: device.waitingFor.forMs };
  const [longest] = (Object.entries(phasesMs) as [Phase, number][]).toSorted(([, a], [, b]) => b - a);
  return longest === undefined || longest[1] < NOTABLE_MS ? undefined : { phase: longest[0], ms: longest[1] };
}

/** Time ran out. */
export const isTimeout = (evidence: Pick<Evidence, 'result'>): boolean =>
  isCode(evidence, 'TIMEOUT', 'ETIMEDOUT');

/** Of a digest as much as a person compares: `...1f2a`. */
export const shortDigest = (digest: string | null | undefined): string =>
  typeof digest === 'string' ? `…${digest.slice(-4)}` : 'none';

/** `11 min`, `2 h`, `53 years`: the largest unit of which there is at least one. */
export function span(ms: number): string {
  const units = [
    ['years', 365.25 * 86_400_000],
    ['days', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
  ] as const;
  const size = Math.abs(ms);
  const unit = units.find(([, length]) => size >= length);
  return unit === undefined ? `${Math.round(size / 1000)} s` : `${Math.round(size / unit[1])} ${unit[0]}`;
}

/** ISO 8601, to the second. */
export const instant = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
