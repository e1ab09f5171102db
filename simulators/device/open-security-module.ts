import { fromBase64, toBase64 } from '../kernel/bytes.ts';
import { EnvironmentError } from '../kernel/errors.ts';
import type { TokenHost } from '../pkcs11/token-host.ts';
import type { TokenKey } from '../pkcs11/token-key.ts';
import type { SecurityModule, TpmModule } from '../security/security-module.ts';
import { createSoftwareSymmetricKey } from '../security/symmetric-key.ts';
import { openTokenSymmetricKey } from '../security/token-symmetric-key.ts';
import { openTokenX509 } from '../security/token-x509.ts';
import { openTpmModule } from '../security/tpm.ts';
import { openTpmSymmetricKey } from '../security/tpm-symmetric-key.ts';
import { openTpmX509 } from '../security/tpm-x509.ts';
import { createSoftwareX509 } from '../security/x509.ts';
import type { DeviceKey } from '../tpm/device-keys.ts';
import type { HostedTpm, TpmHost } from '../tpm/tpm-host.ts';
import type { DeviceCredentials, WrappedKey } from './device-spec.ts';

/** What runs or opens the security hardware of devices. */
export interface SecurityHosts {
  readonly tpms: TpmHost | undefined;
  readonly tokens: TokenHost | undefined;
}

/**
 * Opens what holds a device's proof of identity; a TPM is powered on.
 *
 * @throws EnvironmentError when the device has a TPM and nothing hosts it
 */
export async function openSecurityModule(
  credentials: DeviceCredentials,
  { tpms, tokens }: SecurityHosts,
  signal: AbortSignal,
): Promise<SecurityModule> {
  switch (credentials.kind) {
    case 'symmetric-key':
      return createSoftwareSymmetricKey(credentials.key);
    case 'x509':
      return createSoftwareX509(credentials.certificateChainPem, credentials.privateKeyPem);
    case 'token-symmetric-key':
      return openTokenSymmetricKey(requireTokens(tokens).openKey(credentials.keyUri));
    case 'token-x509':
      return openOwning(requireTokens(tokens).openKey(credentials.keyUri), (key) =>
        openTokenX509(credentials.certificateChainPem, key),
      );
    case 'tpm-symmetric-key':
      return openTpmSymmetricKey(await requireHost(tpms).open(credentials, signal), unwrap(credentials.key));
    case 'tpm-x509':
      return openTpmX509(
        credentials.certificateChainPem,
        await requireHost(tpms).open(credentials, signal),
        unwrap(credentials.key),
        signal,
      );
    case 'tpm':
      return openTpm(await requireHost(tpms).open(credentials, signal), credentials);
  }
}

function openTpm(tpm: HostedTpm, atManufacture: Extract<DeviceCredentials, { kind: 'tpm' }>): TpmModule {
  const { identity, slot } = tpm;
  const publics =
    identity === undefined
      ? atManufacture
      : {
          endorsementKey: toBase64(identity.endorsementKey),
          storageRootKey: toBase64(identity.storageRootKey),
        };
  return openTpmModule(tpm, publics, slot);
}

const unwrap = ({ inPrivate, inPublic }: WrappedKey): DeviceKey => ({
  inPrivate: fromBase64(inPrivate),
  inPublic: fromBase64(inPublic),
});

/** Gives a key to its module, and lets go of it when the module cannot be made. */
function openOwning<T>(key: TokenKey, open: (key: TokenKey) => T): T {
  try {
    return open(key);
  } catch (error) {
    key[Symbol.dispose]();
    throw error;
  }
}

function requireTokens(tokens: TokenHost | undefined): TokenHost {
  if (tokens !== undefined) return tokens;
  throw new EnvironmentError('pkcs11', 'a device has a token, and nothing opens it', {
    hint: 'Give the device context a token host (createTokenHost).',
  });
}

/** @throws EnvironmentError when there is none */
export function requireHost(tpms: TpmHost | undefined): TpmHost {
  if (tpms !== undefined) return tpms;
  throw new EnvironmentError('tpm', 'a device has a TPM, and no TPM host was opened for it', {
    hint: 'Give the device context a TPM host (openTpmHost).',
  });
}
