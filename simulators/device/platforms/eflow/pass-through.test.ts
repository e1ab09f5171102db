import { describe, expect, it } from 'vitest';
import type { PassThroughFault } from '../../../faults/device-fault.ts';
import { fromHex } from '../../../kernel/bytes.ts';
import { createInstantClock } from '../../../kernel/testing/instant-clock.ts';
import { readIdentity } from '../../../tpm/attestation.ts';
import { makeTestTpms } from '../../../tpm/testing/test-tpms.ts';
import { createTpmClient } from '../../../tpm/tpm-client.ts';
import { type HostedTpm, openTpmHost } from '../../../tpm/tpm-host.ts';
import { responseCodeOf } from '../../../tpm/transports/tpm-framing.ts';
import { withPassThrough } from './pass-through.ts';

const never = new AbortController().signal;
const getRandom = fromHex('8001 0000000c 0000017b 0014');
/** TPM2_NV_DefineSpace under the owner, of 8 bytes at index 0x01003001, with an empty password. */
const defineSpace = fromHex(`8002 0000002d 0000012a 40000001 00000009 40000009 0000 00 0000
  0000 000e 01003001 000b 00020002 0000 0008`);
/** TPM2_NV_ReadPublic of that index. */
const readNv = fromHex('8001 0000000e 00000169 01003001');

/** Opens one real TPM through the pass-through of a VM. */
async function withVm<T>(
  fault: PassThroughFault | undefined,
  work: (tpm: HostedTpm, sleepsMs: readonly number[]) => Promise<T>,
): Promise<T> {
  const clock = createInstantClock();
  await using test = await makeTestTpms(1);
  await using real = await openTpmHost({ mode: 'pooled', workDirectory: test.workDirectory, poolSize: 1 });
  const spec = { index: 7, registrationId: 'dev-01' };
  const host = withPassThrough(real, { spec, fault, clock, seed: 1, timeScale: 0.1 });
  const [tpm] = test.tpms;
  if (tpm === undefined) throw new Error('no TPM');
  await using hosted = await host.open(tpm, never);
  return await work(hosted, clock.sleepsMs);
}

const send = (tpm: HostedTpm, command: Uint8Array): Promise<Uint8Array> =>
  tpm.use((transport) => transport.send(command), never);

describe('the TPM pass-through of EFLOW', () => {
  it('reaches the TPM of the host, a little later', () =>
    withVm(undefined, async (tpm, sleepsMs) => {
      const { endorsementKey } = await tpm.use(
        (transport) => readIdentity(createTpmClient(transport)),
        never,
      );
      expect(endorsementKey).toHaveLength(316);
      expect(sleepsMs).toHaveLength(2);
      for (const hopMs of sleepsMs) expect(hopMs).toBeGreaterThanOrEqual(1);
    }));

  it('lets nobody in the VM write to NV memory', () =>
    withVm(undefined, async (tpm) => {
      expect(responseCodeOf(await send(tpm, defineSpace))).toBe(0x149);
      expect(responseCodeOf(await send(tpm, readNv))).toBe(0x18b); // TPM_RC_HANDLE: it was not made
    }));

  it('keeps from the VM what Windows may do', async () => {
    await using test = await makeTestTpms(1);
    await using host = await openTpmHost({ mode: 'pooled', workDirectory: test.workDirectory, poolSize: 1 });
    await using tpm = await host.open(test.tpms[0] ?? { tpmId: '', stateFile: '' }, never);
    expect(responseCodeOf(await send(tpm, defineSpace))).toBe(0);
  });

  it('is not there before the feature is switched on', async () => {
    const opened = withVm({ kind: 'feature-off' }, () => Promise.resolve());
    await expect(opened).rejects.toMatchObject({
      code: 'EFLOW_TPM_NOT_AVAILABLE',
      message: 'TPM provisioning information not available! (RIG-7-EFLOW)',
    });
  });

  it('refuses where nobody listens', () =>
    withVm({ kind: 'port-closed' }, async (tpm) => {
      await expect(send(tpm, getRandom)).rejects.toMatchObject({
        code: 'ECONNREFUSED',
        message: expect.stringContaining('127.0.0.1:2321') as string,
      });
    }));

  it('gives up on a host that does not answer', () =>
    withVm({ kind: 'no-answer' }, async (tpm, sleepsMs) => {
      await expect(send(tpm, getRandom)).rejects.toMatchObject({ code: 'EFLOW_BROKER_TIMEOUT' });
      expect(sleepsMs).toEqual([3_000]);
    }));

  it('works until the host has another address, in whatever flow that is', () =>
    withVm({ kind: 'stale-address', afterCommands: 2 }, async (tpm) => {
      expect(responseCodeOf(await send(tpm, getRandom))).toBe(0);
      expect(responseCodeOf(await send(tpm, getRandom))).toBe(0);
      await expect(send(tpm, getRandom)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
      await expect(send(tpm, getRandom)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    }));
});
