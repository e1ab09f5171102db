import { describe, expect, it } from 'vitest';
import { provisionTpm, readIdentity } from '../../tpm/attestation.ts';
import { createTpmClient } from '../../tpm/tpm-client.ts';
import { openSwtpmProcess } from '../../tpm/transports/swtpm-process.ts';
import { ensureEdgeKeys } from './edge-tpm-keys.ts';
import { type EdgeVersion, edgeProfiles, edgeVersions } from './profiles.ts';

/** TPM2B_PUBLIC: size, type, nameAlg, then objectAttributes (TPM 2.0 Part 2 §12.2.4 and §12.2.5). */
const attributesOf = (tpm2b: Uint8Array): number => Buffer.from(tpm2b).readUInt32BE(6);

describe('ensureEdgeKeys', () => {
  it.each<[EdgeVersion, number]>([
    ['1.3', 0x00030072],
    ['1.5', 0x00030472],
  ])('makes what an empty TPM has not, as %s does, and keeps it', async (version, srkAttributes) => {
    await using swtpm = await openSwtpmProcess();
    const client = createTpmClient(swtpm);
    const made = await ensureEdgeKeys(client, edgeProfiles[version]);
    expect(made.complaints).toEqual([
      expect.stringMatching(/^could not read endorsement key from 0x81010001: /),
      expect.stringMatching(/^could not read storage root key from 0x81000001: /),
    ]);
    expect(attributesOf(made.endorsementKey)).toBe(0x000300b2);
    expect(attributesOf(made.storageRootKey)).toBe(srkAttributes);
    const { endorsementKey, storageRootKey } = made;
    expect(await readIdentity(client)).toEqual({ endorsementKey, storageRootKey });
  });

  it.each(edgeVersions)('takes the keys that are there, whoever made them: %s', async (version) => {
    await using swtpm = await openSwtpmProcess();
    const client = createTpmClient(swtpm);
    const made = await provisionTpm(client, { algorithm: 'ecc' });
    expect(await ensureEdgeKeys(client, edgeProfiles[version])).toEqual({ ...made, complaints: [] });
  });
});
