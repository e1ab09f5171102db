import { EnvironmentError } from '../kernel/errors.ts';
import type { SecurityModule } from '../security/security-module.ts';
import { createSoftwareSymmetricKey } from '../security/symmetric-key.ts';
import { openTpmModule } from '../security/tpm.ts';
import { createSoftwareX509 } from '../security/x509.ts';
import type { TpmHost } from '../tpm/tpm-host.ts';
import type { DeviceCredentials } from './device-spec.ts';

/**
 * Opens what holds a device's proof of identity; a TPM is powered on.
 *
 * @throws EnvironmentError when the device has a TPM and nothing hosts it
 */
export async function openSecurityModule(
  credentials: DeviceCredentials,
  tpms: TpmHost | undefined,
  signal: AbortSignal,
): Promise<SecurityModule> {
  switch (credentials.kind) {
    case 'symmetric-key':
      return createSoftwareSymmetricKey(credentials.key);
    case 'x509':
      return createSoftwareX509(credentials.certificateChainPem, credentials.privateKeyPem);
    case 'tpm':
      return openTpmModule(await requireHost(tpms).open(credentials, signal), credentials);
  }
}

/** @throws EnvironmentError when there is none */
export function requireHost(tpms: TpmHost | undefined): TpmHost {
  if (tpms !== undefined) return tpms;
  throw new EnvironmentError('tpm', 'a device has a TPM, and no TPM host was opened for it', {
    hint: 'Give the device context a TPM host (openTpmHost).',
  });
}
