import { randomBytes } from 'node:crypto';
import { toBase64 } from '../../kernel/bytes.ts';
import { createTestPki, type PkiBundle } from '../../pki/test-pki.ts';
import type { EnrollmentGroup } from '../../wire/enrollment.ts';
import type { DeviceSpec } from '../device-spec.ts';

/** Everything that a fleet's credentials derive from, as plain data for worker threads. Secret. */
export interface FleetAuthority {
  /** The CA whose root is enrolled. */
  readonly pki: PkiBundle;
  /** A CA that nobody knows, for devices with that mistake. */
  readonly unknownPki: PkiBundle;
  readonly symmetricGroup: {
    readonly enrollmentGroupId: string;
    /** base64, 64 bytes. */
    readonly primaryKey: string;
    readonly secondaryKey: string;
  };
  readonly x509Group: { readonly enrollmentGroupId: string };
}

/**
 * Makes an authority with keys of its own.
 *
 * @param name goes into the CAs' names and the groups' ids, so that fleets can share a service. Default `fleet`
 */
export async function createFleetAuthority(name = 'fleet'): Promise<FleetAuthority> {
  const [pki, unknownPki] = await Promise.all([
    createTestPki({ name }),
    createTestPki({ name: `${name} unknown` }),
  ]);
  return {
    pki: pki.bundle,
    unknownPki: unknownPki.bundle,
    symmetricGroup: {
      enrollmentGroupId: `${name}-symmetric-key`,
      primaryKey: newSymmetricKey(),
      secondaryKey: newSymmetricKey(),
    },
    x509Group: { enrollmentGroupId: `${name}-x509` },
  };
}

/** base64, 64 bytes, as long as the keys that DPS makes. */
export const newSymmetricKey = (): string => toBase64(randomBytes(64));

/**
 * The enrollment groups that these devices belong to. X.509 devices are enrolled by the root, so that they must send
 * the intermediate.
 */
export function groupEnrollments(
  authority: FleetAuthority,
  devices: Iterable<Pick<DeviceSpec, 'attestation' | 'enrollment'>>,
): readonly EnrollmentGroup[] {
  const needed = new Set<string>();
  for (const { attestation, enrollment } of devices) if (enrollment === 'group') needed.add(attestation);
  const { symmetricGroup, x509Group, pki } = authority;
  const { enrollmentGroupId, primaryKey, secondaryKey } = symmetricGroup;
  const capabilities = { iotEdge: true };
  const groups: EnrollmentGroup[] = [];
  if (needed.has('symmetric-key')) {
    const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey } } as const;
    groups.push({ enrollmentGroupId, attestation, capabilities });
  }
  if (needed.has('x509')) {
    const signingCertificates = { primary: { certificate: pki.rootPem } };
    const attestation = { type: 'x509', x509: { signingCertificates } } as const;
    groups.push({ ...x509Group, attestation, capabilities });
  }
  return groups;
}
