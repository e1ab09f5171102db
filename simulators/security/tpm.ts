import { fromBase64 } from '../kernel/bytes.ts';
import { activateIdentityKey, signWithIdentityKey } from '../tpm/attestation.ts';
import { createTpmClient } from '../tpm/tpm-client.ts';
import type { HostedTpm } from '../tpm/tpm-host.ts';
import type { TpmModule } from './security-module.ts';

/**
 * A device's TPM: the identity key lives in it and never leaves.
 *
 * @param tpm disposed of together with the module
 * @param publics base64 of EK and SRK, as they were read at manufacture
 */
export function openTpmModule(
  tpm: HostedTpm,
  publics: { readonly endorsementKey: string; readonly storageRootKey: string },
): TpmModule {
  return {
    attestation: 'tpm',
    endorsementKey: fromBase64(publics.endorsementKey),
    storageRootKey: fromBase64(publics.storageRootKey),
    activateIdentityKey: (blob, signal) =>
      tpm.use((transport) => activateIdentityKey(createTpmClient(transport), blob, signal), signal),
    sign: (input, signal) =>
      tpm.use((transport) => signWithIdentityKey(createTpmClient(transport), input, signal), signal),
    activateAndSign: (blob, input, signal) =>
      tpm.use(async (transport) => {
        const client = createTpmClient(transport);
        await activateIdentityKey(client, blob, signal);
        return signWithIdentityKey(client, input, signal);
      }, signal),
    [Symbol.asyncDispose]: () => tpm[Symbol.asyncDispose](),
  };
}
