/** The axes of the matrix as data, for scenario schemas and lists: nothing native is loaded by importing this. */
import type {
  ClientKind,
  EdgeVersion,
  KeyStoreKind,
  PlatformKind,
  ProvisioningKind,
  TransportKind,
} from './device/device-spec.ts';
import { platformImpossibility } from './device/platforms/impossibility.ts';
import { edgeProfiles } from './device/platforms/profiles.ts';
import { newestVersionOf } from './device/platforms/table.ts';
import type { DeviceFault } from './faults/device-fault.ts';
import { deviceFaults, type FaultKind } from './faults/table.ts';
import type { KeyAlgorithm } from './pki/key-pair.ts';
import type { AttestationKind } from './wire/constants.ts';
import { type TransportCapabilities, transportCapabilities } from './wire/transports.ts';

export {
  clientKinds,
  type EdgeVersion,
  edgeVersions,
  keyStoreKinds,
  platformKinds,
  provisioningKinds,
  transportKinds,
} from './device/device-spec.ts';
export { phases } from './device/device-trace.ts';
export { type LifeStep, lifeSteps } from './device/life/life-steps.ts';
export {
  newestVersionOf,
  releaseOf,
  versionsOf,
} from './device/platforms/table.ts';
export { behaviourProfiles, type ProfileName } from './dps/behaviour.ts';
export { type DefectName, defectNames, defects } from './dps/defects.ts';
export { latencyNames } from './dps/latency.ts';
export { type QuotaProfileName, quotaProfiles } from './dps/quotas.ts';
export { type DpsRules, type Rule, type RuleVariant, ruleTable } from './dps/rules.ts';
export { type ServiceFault, serviceFaultSchema } from './dps/service-fault.ts';
export { type FaultKind, faultKinds } from './faults/table.ts';
export { type KeyAlgorithm, keyAlgorithms } from './pki/key-pair.ts';
export { decodeResponseCode, tpmResponseNames } from './tpm/codec/response-code.ts';
export { type ChipName, chipNames } from './tpm/decorators/chips.ts';
export { type HttpProxy, parseProxyUrl } from './transport/http-proxy.ts';
export { attestationKinds, enrollmentKinds } from './wire/constants.ts';

/** One combination of all axes. */
export interface CellAxes {
  readonly platform: PlatformKind;
  /** Of IoT Edge; other clients have none. */
  readonly version?: EdgeVersion | undefined;
  readonly enrollment: ProvisioningKind;
  readonly attestation: AttestationKind;
  readonly keyStore: KeyStoreKind;
  readonly transport: TransportKind;
  /** Of X.509 keys. */
  readonly keyAlgorithm?: KeyAlgorithm | undefined;
  readonly client: ClientKind;
  readonly fault?: FaultKind;
}

/** Why a combination cannot exist, or undefined when it can. @param way what lies between devices and service */
export function impossibility(
  axes: CellAxes,
  { proxy = false }: { readonly proxy?: boolean } = {},
): string | undefined {
  return (
    credentialsImpossibility(axes) ??
    platformImpossibility(axes) ??
    faultImpossibility(axes) ??
    (proxy ? proxyImpossibility(axes) : undefined)
  );
}

/** An HTTP proxy could carry anything; devices are not made to ask one for it. */
const proxyImpossibility = ({ transport }: CellAxes): string | undefined =>
  transportCapabilities[transport].port === 'https'
    ? undefined
    : `devices take an HTTP proxy for HTTPS and WebSockets only, not for ${transport} (source: options of the official SDKs)`;

function credentialsImpossibility({
  attestation,
  enrollment,
  keyStore,
  keyAlgorithm,
  transport,
}: CellAxes): string | undefined {
  if (attestation === 'tpm' && enrollment === 'manual')
    return 'IoT Hub has no TPM attestation: only DPS can give a TPM device the key for its hub (source: its device identities)';
  if (attestation === 'tpm' && enrollment === 'group')
    return 'DPS has no enrollment group for TPM attestation (source: its concepts page)';
  if (attestation === 'tpm' && keyStore !== 'swtpm') return 'TPM attestation needs a TPM';
  if (attestation !== 'x509' && keyAlgorithm !== undefined) return `${keyAlgorithm} keys are for X.509`;
  const { cannotCarry }: TransportCapabilities = transportCapabilities[transport];
  return cannotCarry[attestation];
}

function faultImpossibility(axes: CellAxes): string | undefined {
  const { attestation, enrollment, keyStore, client, platform, fault } = axes;
  if (fault === undefined) return undefined;
  const {
    expected,
    enrollments,
    clients,
    token,
    platform: only,
    keyStore: onlyIn,
    clockLateSeconds = 0,
  }: DeviceFault = deviceFaults[fault];
  if (only !== undefined && platform !== only) return `${fault} happens on ${only} only`;
  if (token !== undefined && keyStore !== 'softhsm') return `${fault} is a mistake of devices with a token`;
  if (onlyIn !== undefined && keyStore !== onlyIn) return `${fault} is a mistake with keys in ${onlyIn}`;
  const kinds: readonly AttestationKind[] = Object.keys(expected) as AttestationKind[];
  if (!kinds.includes(attestation)) return `${fault} is no mistake of ${attestation} devices`;
  if (enrollment === 'manual' || !enrollments.includes(enrollment))
    return `${fault} is no mistake of ${enrollment} enrollments`;
  if (clients === 'native' && client === 'azure-sdk')
    return `an unmodified SDK cannot be made to do ${fault}`;
  if (clients === 'native' && client === 'iot-edge')
    return `the IoT Edge daemon cannot be made to do ${fault}`;
  if (clockLateSeconds > 0 && tokenLifeSeconds(axes) > clockLateSeconds)
    return `its SAS token lives for longer: a clock that is ${clockLateSeconds / 60} minutes late does it no harm`;
  return undefined;
}

const HOUR_SECONDS = 3_600;

/** Of all clients but the newer daemons. */
const tokenLifeSeconds = ({ client, platform, version = newestVersionOf(platform) }: CellAxes): number =>
  client === 'iot-edge' ? edgeProfiles[version].sas.lifeSeconds : HOUR_SECONDS;

/** What a fault documents, in the words of a scenario's `expect`. */
export function expectedOfFault(
  fault: FaultKind,
  { attestation, enrollment, transport }: Pick<CellAxes, 'attestation' | 'enrollment' | 'transport'>,
): { result: 'disabled' | 'failed' | 'refused'; status?: number; errorCode?: number; code?: string } {
  const { expected: always, expectedOfGroup }: DeviceFault = deviceFaults[fault];
  const ofGroup = enrollment === 'group' ? expectedOfGroup?.[attestation] : undefined;
  const expected = ofGroup ?? always[attestation];
  switch (expected?.kind) {
    case 'refused':
      // What refuses the connection itself carries no more than that it does.
      if (refusesConnections(transport, attestation)) return { result: 'refused', status: 401 };
      return { result: 'refused', status: expected.status, errorCode: expected.errorCode };
    case 'tpm':
      return { result: 'refused', code: expected.responseName };
    case 'token':
    case 'connection':
    case 'platform':
      return { result: 'refused', code: expected.code };
    case 'ended':
      return { result: expected.status };
    case undefined:
      return { result: 'refused' };
  }
}

/** SASL and CONNACK have no room for an error code; AMQP without SASL refuses the first message instead. */
const refusesConnections = (transport: TransportKind, attestation: AttestationKind): boolean =>
  transport.startsWith('mqtt') || (transport.startsWith('amqp') && attestation !== 'x509');
