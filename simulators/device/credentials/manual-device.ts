import { X509Certificate } from 'node:crypto';
import { InvariantError } from '../../kernel/errors.ts';
import type { AttestationMechanism } from '../../wire/enrollment.ts';
import type { HubAuthentication, ManualDevice } from '../../wire/hub-api.ts';
import type { DeviceSpec } from '../device-spec.ts';

/**
 * What a hub must know of a device that DPS would know by this attestation.
 *
 * @throws InvariantError for TPM attestation, which a hub has not
 */
export const manualDevice = (
  { registrationId }: DeviceSpec,
  attestation: AttestationMechanism,
): ManualDevice => ({
  deviceId: registrationId,
  authentication: authenticationOf(attestation),
  iotEdge: true,
});

function authenticationOf(attestation: AttestationMechanism): HubAuthentication {
  switch (attestation.type) {
    case 'symmetricKey': {
      const { primaryKey = '', secondaryKey = primaryKey } = attestation.symmetricKey ?? {};
      return { type: 'sas', primaryKey, secondaryKey };
    }
    case 'x509': {
      const { primary, secondary } = attestation.x509.clientCertificates ?? {};
      return {
        type: 'selfSigned',
        primaryThumbprint: primary === undefined ? null : thumbprintOf(primary.certificate),
        secondaryThumbprint: secondary === undefined ? null : thumbprintOf(secondary.certificate),
      };
    }
    case 'tpm':
      throw new InvariantError('a hub has no TPM attestation');
  }
}

/** SHA-256, as hexadecimal digits. */
const thumbprintOf = (pem: string): string => new X509Certificate(pem).fingerprint256.replaceAll(':', '');
