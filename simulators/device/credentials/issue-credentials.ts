import type { IssuePlan } from '../../faults/device-fault.ts';
import { deviceFault } from '../../faults/table.ts';
import type { TpmHost } from '../../tpm/tpm-host.ts';
import type { ManufacturedTpm } from '../../tpm/transport.ts';
import type { AttestationMechanism, IndividualEnrollment } from '../../wire/enrollment.ts';
import type { ManualDevice } from '../../wire/hub-api.ts';
import type { DeviceCredentials, DeviceSpec, KeyStoreKind } from '../device-spec.ts';
import type { FleetAuthority } from './fleet-authority.ts';
import { manualDevice } from './manual-device.ts';
import { issueSymmetricKey } from './symmetric-key.ts';
import { type DeviceToken, type IssuedKey, issueTokenSymmetricKey, issueTokenX509 } from './token.ts';
import { issueTpm } from './tpm.ts';
import { issueTpmSymmetricKey, issueTpmX509 } from './tpm-keys.ts';
import { issueX509 } from './x509.ts';

/** What a device holds, and what the service must be told of it. */
export interface IssuedCredentials {
  readonly credentials: DeviceCredentials;
  /** Absent when a group admits the device, or when nobody is to know of it. */
  readonly enrollment?: IndividualEnrollment;
  /** What a hub must be told of a device that comes without DPS. */
  readonly manual?: ManualDevice;
  /** Of a key in a token: what the token says of it, and what the service is to see of it. */
  readonly key?: IssuedKey;
}

/** The hardware that a device is given; what its key store needs. */
export interface DeviceHardware {
  readonly tpm?: ManufacturedTpm | undefined;
  readonly token?: DeviceToken | undefined;
  /** Runs the TPM while a key is made in it; for X.509 and symmetric keys only. */
  readonly tpmHost?: TpmHost | undefined;
}

/** What one attestation makes for a device: the proof, and what identifies it in an individual enrollment. */
export interface Issued {
  readonly credentials: DeviceCredentials;
  readonly attestation: AttestationMechanism;
  readonly key?: IssuedKey;
}

/**
 * Makes a device's credentials with new random keys, and the mistake that its spec names.
 *
 * @param hardware what the device's key store is, where it is not software
 * @throws InvariantError when a TPM device comes without one, or a group has no such attestation
 */
export async function issueCredentials(
  spec: DeviceSpec,
  authority: FleetAuthority,
  hardware: DeviceHardware = {},
): Promise<IssuedCredentials> {
  const plan = planFor(spec);
  const { credentials, attestation, key } = await issue(spec, plan, authority, hardware);
  const { listed, registrationId: enrolledAs, provisioningStatus, hubs, webhookUrl } = plan.enrollment;
  const enrollment: IndividualEnrollment = {
    registrationId: enrolledAs === 'own' ? spec.registrationId : `${spec.registrationId}-another`,
    attestation,
    provisioningStatus,
    capabilities: { iotEdge: true },
    ...(hubs === undefined ? {} : { iotHubs: hubs }),
    ...(webhookUrl === undefined ? {} : customAllocation(webhookUrl)),
  };
  // An individual entry goes before the group: that is how one member of a group is blocked.
  const individually = spec.enrollment === 'individual' || provisioningStatus === 'disabled';
  const common = key === undefined ? { credentials } : { credentials, key };
  if (spec.enrollment === 'manual') return { ...common, manual: manualDevice(spec, attestation) };
  return listed && individually ? { ...common, enrollment } : common;
}

const customAllocation = (webhookUrl: string) =>
  ({
    allocationPolicy: 'custom',
    customAllocationDefinition: { webhookUrl, apiVersion: '2021-10-01' },
  }) as const;

function planFor({ registrationId, fault }: DeviceSpec): IssuePlan {
  const honest: IssuePlan = {
    enrollment: {
      listed: true,
      registrationId: 'own',
      provisioningStatus: 'enabled',
      endorsementKey: 'own',
      certificate: 'own',
    },
    key: 'enrolled',
    certificate: {
      commonName: registrationId,
      authority: 'enrolled',
      sends: 'chain',
      life: 'current',
      certifies: 'own-key',
    },
    presentedEndorsementKey: 'own',
  };
  return (fault === undefined ? undefined : deviceFault(fault).issue?.(honest)) ?? honest;
}

function issue(
  spec: DeviceSpec,
  plan: IssuePlan,
  authority: FleetAuthority,
  hardware: DeviceHardware,
): Promise<Issued> {
  switch (spec.attestation) {
    case 'symmetric-key':
      return symmetricKeyIn[spec.keyStore](spec, plan, authority, hardware);
    case 'x509':
      return certificateIn[spec.keyStore](spec, plan, authority, hardware);
    case 'tpm':
      return Promise.resolve(issueTpm(spec, plan, hardware.tpm));
  }
}

type IssueIn = Readonly<Record<KeyStoreKind, typeof issue>>;

const symmetricKeyIn: IssueIn = {
  software: (spec, plan, authority) => Promise.resolve(issueSymmetricKey(spec, plan, authority)),
  softhsm: (spec, plan, authority, { token }) =>
    Promise.resolve(issueTokenSymmetricKey(spec, plan, authority, token)),
  swtpm: issueTpmSymmetricKey,
};

const certificateIn: IssueIn = {
  software: issueX509,
  softhsm: (spec, plan, authority, { token }) => issueTokenX509(spec, plan, authority, token),
  swtpm: issueTpmX509,
};
