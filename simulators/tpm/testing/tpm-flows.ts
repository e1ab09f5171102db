import { readFile } from 'node:fs/promises';
import { ByteReader, ByteWriter, fromHex } from '../../kernel/bytes.ts';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import { ensureTpms } from '../manufacture.ts';
import type { TpmTransport } from '../transport.ts';
import type { StateStore } from '../transports/swtpm-pool.ts';

/** A state in memory that counts how often it was saved. */
export interface TestStore extends StateStore {
  readonly endorsementKey: Uint8Array;
  readonly saves: number;
}

/** New TPMs, each with EK and SRK, as stores for a pool. */
export async function makeStores(count: number): Promise<TestStore[]> {
  await using scratch = await openScratchDirectory({ name: 'test-tpms' });
  const tpms = await ensureTpms({
    count,
    cacheDirectory: scratch.path,
    signal: new AbortController().signal,
  });
  return await Promise.all(
    tpms.map(async ({ stateFile, endorsementKey }): Promise<TestStore> => {
      let state: Uint8Array = await readFile(stateFile);
      let saves = 0;
      return {
        endorsementKey,
        get saves() {
          return saves;
        },
        load: () => Promise.resolve(state),
        save: (next) => {
          state = next;
          saves += 1;
          return Promise.resolve();
        },
      };
    }),
  );
}

/** Sends one command and gives the response after its header; fails on any response code but success. */
async function run(tpm: TpmTransport, command: Uint8Array): Promise<ByteReader> {
  const response = new ByteReader(await tpm.send(command));
  response.bytes(6, 'tag and size');
  const responseCode = response.u32('response code');
  if (responseCode !== 0) throw new Error(`the TPM answered 0x${responseCode.toString(16)}`);
  return response;
}

/** TPM2B_PUBLIC of a persistent key. */
export async function readPublic(tpm: TpmTransport, handle: number): Promise<Uint8Array> {
  const command = new ByteWriter().bytes(fromHex('80010000000e00000173')).u32(handle).finish();
  const publicArea = (await run(tpm, command)).sized('public area');
  return new ByteWriter().sized(publicArea).finish();
}

/** Makes an HMAC key of this TPM's owner seed and keeps it at 0x81000100, where an identity key lives. */
export async function persistIdentityKey(tpm: TpmTransport): Promise<Uint8Array> {
  // CreatePrimary, KEYEDHASH: fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, sign; HMAC-SHA256.
  await run(
    tpm,
    fromHex(`8002 00000039 00000131 40000001 00000009 40000009 0000 00 0000
      0004 0000 0000  0010 0008 000b 00040472 0000 0005 000b 0000  0000 00000000`),
  );
  await run(tpm, fromHex('8002 00000023 00000120 40000001 80000000 00000009 40000009 0000 00 0000 81000100'));
  await run(tpm, fromHex('8001 0000000e 00000165 80000000'));
  return readPublic(tpm, 0x81000100);
}

/** TPM2_HMAC of "data" with the key at 0x81000100. */
export async function sign(tpm: TpmTransport): Promise<Uint8Array> {
  const response = await run(
    tpm,
    fromHex('8002 00000023 00000155 81000100 00000009 40000009 0000 00 0000 0004 64617461 000b'),
  );
  response.u32('parameter size');
  return response.sized('HMAC');
}
