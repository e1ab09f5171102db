import { fromBase64 } from '../kernel/bytes.ts';
import { activateIdentityKey, type IdentityKeySlot, signWithIdentityKey } from '../tpm/attestation.ts';
import { createTpmClient } from '../tpm/tpm-client.ts';
import type { HostedTpm } from '../tpm/tpm-host.ts';
import type { TpmModule } from './security-module.ts';

/**
 * A device's TPM: the identity key lives in it and never leaves.
 *
 * @param tpm disposed of together with the module
 * @param publics base64 of EK and SRK, as they were read at manufacture
 * @param slot where the identity key is kept. Default: as every SDK has it
 */
export function openTpmModule(
  tpm: HostedTpm,
  publics: { readonly endorsementKey: string; readonly storageRootKey: string },
  slot?: IdentityKeySlot,
): TpmModule {
  return {
    attestation: 'tpm',
    endorsementKey: fromBase64(publics.endorsementKey),
    storageRootKey: fromBase64(publics.storageRootKey),
    activateIdentityKey: (blob, signal) =>
      tpm.use((transport) => activateIdentityKey(createTpmClient(transport), blob, signal, slot), signal),
    sign: (input, signal) =>
      tpm.use((transport) => signWithIdentityKey(createTpmClient(transport), input, signal, slot), signal),
    activateAndSign: (blob, input, signal) =>
      tpm.use(async (transport) => {
        const client = createTpmClient(transport);
        await activateIdentityKey(client, blob, signal, slot);
        return signWithIdentityKey(client, input, signal, slot);
      }, signal),
    [Symbol.asyncDispose]: () => tpm[Symbol.asyncDispose](),
  };
}
