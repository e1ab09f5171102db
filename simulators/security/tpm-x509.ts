import type { DeviceKey } from '../tpm/device-keys.ts';
import type { HostedTpm } from '../tpm/tpm-host.ts';
import { openTpmKey } from '../tpm/tpm-key.ts';
import { openReferencedX509 } from './referenced-x509.ts';
import type { X509Module } from './security-module.ts';

/**
 * A certificate whose private key is in the device's TPM, loaded for as long as the module lives.
 *
 * @param tpm disposed of together with the module, and when this fails
 * @throws TlsKeyError when the native addon is missing
 * @throws EnvironmentError, TpmResponseError as `openTpmKey`
 */
export async function openTpmX509(
  certificateChainPem: string,
  tpm: HostedTpm,
  deviceKey: DeviceKey,
  signal: AbortSignal,
): Promise<X509Module> {
  const key = await openTpmKey(tpm, deviceKey, signal);
  try {
    return openReferencedX509(certificateChainPem, key, async () => key[Symbol.asyncDispose]());
  } catch (error) {
    await key[Symbol.asyncDispose]();
    throw error;
  }
}
