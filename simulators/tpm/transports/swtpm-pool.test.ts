import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../kernel/bytes.ts';
import { expectNoChildProcessLeft } from '../../processes/testing/child-processes.ts';
import { makeStores, persistIdentityKey, readPublic, sign } from '../testing/tpm-flows.ts';
import { openSwtpmPool } from './swtpm-pool.ts';

const never = new AbortController().signal;
const endorsementKeyHandle = 0x81010001;

describe('openSwtpmPool', () => {
  it('shows eight TPMs in turn, each with its own EK, on two processes', async () => {
    const stores = await makeStores(8);
    await using pool = await openSwtpmPool({ size: 2 });
    for (let round = 0; round < 5; round += 1) {
      const seen = await Promise.all(
        stores.map((store) => pool.use(store, (tpm) => readPublic(tpm, endorsementKeyHandle), never)),
      );
      expect(seen.map(toHex)).toEqual(stores.map((store) => toHex(store.endorsementKey)));
    }
    // Nothing was written, so nothing was to be saved.
    expect(stores.map((store) => store.saves)).toEqual(stores.map(() => 0));
  });

  it('keeps the identity key that each TPM was given', async () => {
    const stores = await makeStores(8);
    await using pool = await openSwtpmPool({ size: 2 });
    const keys = await Promise.all(stores.map((store) => pool.use(store, persistIdentityKey, never)));
    const signatures = await Promise.all(stores.map((store) => pool.use(store, sign, never)));
    const again = await Promise.all(stores.map((store) => pool.use(store, sign, never)));
    expect(new Set(keys.map(toHex)).size).toBe(8);
    expect(new Set(signatures.map(toHex)).size).toBe(8);
    expect(again).toEqual(signatures);
    expect(stores.map((store) => store.saves)).toEqual(stores.map(() => 1));
  });

  it('fails only the flow whose process is killed, keeps what was acknowledged, and goes on', async () => {
    const [victim, other] = await makeStores(2);
    await using pool = await openSwtpmPool({ size: 1 });
    const [pid] = pool.processIds;
    if (victim === undefined || other === undefined || pid === undefined) throw new Error('no TPMs');
    const flow = pool.use(
      victim,
      async (tpm) => {
        await persistIdentityKey(tpm);
        process.kill(pid, 'SIGSTOP');
        const answer = sign(tpm);
        process.kill(pid, 'SIGKILL');
        return answer;
      },
      never,
    );
    await expect(flow).rejects.toMatchObject({ code: 'TPM_PROCESS_EXITED' });
    expect(await pool.use(other, (tpm) => readPublic(tpm, endorsementKeyHandle), never)).toEqual(
      other.endorsementKey,
    );
    await expect(pool.use(victim, sign, never)).resolves.toHaveLength(32);
    expect(pool.processIds).not.toContain(pid);
  });

  it('does not bother the next TPM with a process that died while it was idle', async () => {
    const [store] = await makeStores(1);
    await using pool = await openSwtpmPool({ size: 1 });
    const [pid] = pool.processIds;
    if (store === undefined || pid === undefined) throw new Error('no TPM');
    process.kill(pid, 'SIGKILL');
    await expect(pool.use(store, (tpm) => readPublic(tpm, endorsementKeyHandle), never)).resolves.toEqual(
      store.endorsementKey,
    );
  });

  it('gives the next TPM locality 0 and power, whatever the one before did', async () => {
    const [first, second] = await makeStores(2);
    await using pool = await openSwtpmPool({ size: 1 });
    if (first === undefined || second === undefined) throw new Error('no TPMs');
    // PCR 17 can be extended from locality 2 on: TPM_RC_LOCALITY below.
    const extendPcr17 = fromHex(
      `80020000004100000182000000110000000940000009000001000000000001000b${'00'.repeat(32)}`,
    );
    const responseCode = (response: Uint8Array): string => toHex(response.subarray(6, 10));
    const atLocality2 = await pool.use(
      first,
      async (tpm) => {
        await tpm.setLocality?.(2);
        const response = await tpm.send(extendPcr17);
        await tpm.power?.('off');
        return response;
      },
      never,
    );
    expect(responseCode(atLocality2)).toBe('00000000');
    expect(responseCode(await pool.use(second, (tpm) => tpm.send(extendPcr17), never))).toBe('00000907');
  });

  it('drops a waiting flow when its signal aborts', async () => {
    const [store] = await makeStores(1);
    await using pool = await openSwtpmPool({ size: 1 });
    if (store === undefined) throw new Error('no TPM');
    const hold = Promise.withResolvers<undefined>();
    const controller = new AbortController();
    const first = pool.use(store, () => hold.promise, never);
    const second = pool.use(store, sign, controller.signal);
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    hold.resolve(undefined);
    await first;
  });

  it('refuses the TPM of a flow that has ended', async () => {
    const [store] = await makeStores(1);
    await using pool = await openSwtpmPool({ size: 1 });
    if (store === undefined) throw new Error('no TPM');
    const escaped = await pool.use(store, (tpm) => Promise.resolve(tpm), never);
    await expect(sign(escaped)).rejects.toMatchObject({ code: 'INVARIANT' });
  });

  it('names a damaged state, and serves the next TPM all the same', async () => {
    const [damaged, sound] = await makeStores(2);
    await using pool = await openSwtpmPool({ size: 1 });
    if (damaged === undefined || sound === undefined) throw new Error('no TPMs');
    await damaged.save((await damaged.load()).subarray(0, 1000));
    await expect(pool.use(damaged, sign, never)).rejects.toMatchObject({ code: 'SWTPM_CONTROL_REFUSED' });
    await expect(pool.use(sound, (tpm) => readPublic(tpm, endorsementKeyHandle), never)).resolves.toEqual(
      sound.endorsementKey,
    );
  });

  it('leaves no process behind', async () => {
    const pool = await openSwtpmPool({ size: 3 });
    const pids = pool.processIds;
    expect(pids).toHaveLength(3);
    await pool[Symbol.asyncDispose]();
    await expectNoChildProcessLeft();
  });
});
