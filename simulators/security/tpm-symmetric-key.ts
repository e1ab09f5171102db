import { toError } from '../kernel/errors.ts';
import { type DeviceKey, signWithHmacKey } from '../tpm/device-keys.ts';
import { createTpmClient } from '../tpm/tpm-client.ts';
import type { HostedTpm } from '../tpm/tpm-host.ts';
import type { SymmetricKeyModule } from './security-module.ts';

/**
 * A symmetric key wrapped by the device's TPM, which computes the HMAC. The key is loaded for each signature, so that
 * TPMs that take turns in a pool can be used.
 *
 * @param tpm disposed of together with the module
 */
export function openTpmSymmetricKey(tpm: HostedTpm, key: DeviceKey): SymmetricKeyModule {
  let signatures = 0;
  let lastError: Error | undefined;
  return {
    attestation: 'symmetric-key',
    sign: async (input, signal) => {
      try {
        const signature = await tpm.use(
          (transport) => signWithHmacKey(createTpmClient(transport), key, input, signal),
          signal,
        );
        signatures += 1;
        return signature;
      } catch (thrown) {
        lastError = toError(thrown);
        throw lastError;
      }
    },
    evidence: {
      keyUse: () => ({ signatures, handshakes: 0, resumed: 0 }),
      keyRefusal: () => lastError,
    },
    [Symbol.asyncDispose]: () => tpm[Symbol.asyncDispose](),
  };
}
