import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64, toHex, utf8 } from '../kernel/bytes.ts';
import { makeActivationBlob } from '../tpm/credential.ts';
import { makeTestTpms, type TestTpms } from '../tpm/testing/test-tpms.ts';
import { type HostedTpm, openTpmHost, type TpmHost } from '../tpm/tpm-host.ts';
import type { ManufacturedTpm } from '../tpm/transport.ts';
import type { TpmModule } from './security-module.ts';
import { openTpmModule } from './tpm.ts';

const signal = new AbortController().signal;
const input = utf8('0ne00000001%2Fregistrations%2Fdev-01\n1700000000');
const hmac = (key: Uint8Array): string => createHmac('sha256', key).update(input).digest('hex');

/** A real TPM whose flows are counted. */
interface Counted {
  readonly module: TpmModule;
  readonly flows: () => number;
}

describe.each(['dedicated', 'pooled'] as const)('a TPM module over a %s host', (mode) => {
  let made: TestTpms;
  let host: TpmHost;

  beforeAll(async () => {
    made = await makeTestTpms(2);
    host = await openTpmHost({ mode, workDirectory: made.workDirectory, poolSize: 1 });
  });
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
    await made[Symbol.asyncDispose]();
  });

  const tpmAt = (index: number): ManufacturedTpm =>
    made.tpms[index] ?? expect.unreachable(`no TPM ${index} was made`);

  async function open(tpm: ManufacturedTpm): Promise<Counted> {
    const hosted = await host.open(tpm, signal);
    let flows = 0;
    const counting: HostedTpm = {
      use: (flow, stop) => {
        flows += 1;
        return hosted.use(flow, stop);
      },
      [Symbol.asyncDispose]: () => hosted[Symbol.asyncDispose](),
    };
    const publics = {
      endorsementKey: toBase64(tpm.endorsementKey),
      storageRootKey: toBase64(tpm.storageRootKey),
    };
    return { module: openTpmModule(counting, publics), flows: () => flows };
  }

  const blobFor = (tpm: ManufacturedTpm, hmacKey: Uint8Array): Uint8Array =>
    makeActivationBlob({ ...tpm, hmacKey, data: utf8('x') });

  it('signs with the key that it was given, in one turn', async () => {
    const tpm = tpmAt(0);
    const { module, flows } = await open(tpm);
    await using _ = module;
    const key = randomBytes(32);
    expect(toHex(await module.activateAndSign(blobFor(tpm, key), input, signal))).toBe(hmac(key));
    expect(flows()).toBe(1);
  });

  it('keeps the key from turn to turn, also when another TPM was used in between', async () => {
    const [first, second] = [tpmAt(0), tpmAt(1)];
    const [{ module: one, flows }, { module: other }] = [await open(first), await open(second)];
    await using _one = one;
    await using _other = other;
    const [oneKey, otherKey] = [randomBytes(32), randomBytes(32)];
    await one.activateIdentityKey(blobFor(first, oneKey), signal);
    await other.activateIdentityKey(blobFor(second, otherKey), signal);
    expect(toHex(await one.sign(input, signal))).toBe(hmac(oneKey));
    expect(toHex(await other.sign(input, signal))).toBe(hmac(otherKey));
    expect(flows()).toBe(2);
  });

  it('replaces the key by the next one, as after the assignment to a hub', async () => {
    const tpm = tpmAt(0);
    const { module } = await open(tpm);
    await using _ = module;
    const [registrationKey, hubKey] = [randomBytes(32), randomBytes(32)];
    await module.activateAndSign(blobFor(tpm, registrationKey), input, signal);
    await module.activateIdentityKey(blobFor(tpm, hubKey), signal);
    expect(toHex(await module.sign(input, signal))).toBe(hmac(hubKey));
  });

  it('refuses a blob that was made for another TPM, and goes on to work', async () => {
    const tpm = tpmAt(0);
    const { module } = await open(tpm);
    await using _ = module;
    const key = randomBytes(32);
    await expect(module.activateAndSign(blobFor(tpmAt(1), key), input, signal)).rejects.toMatchObject({
      name: 'TpmResponseError',
      command: 'TPM2_ActivateCredential',
    });
    expect(toHex(await module.activateAndSign(blobFor(tpm, key), input, signal))).toBe(hmac(key));
  });

  it('refuses a blob that is cut short', async () => {
    const { module } = await open(tpmAt(0));
    await using _ = module;
    const blob = blobFor(tpmAt(0), randomBytes(32)).subarray(0, 300);
    await expect(module.activateIdentityKey(blob, signal)).rejects.toMatchObject({ code: 'CODEC' });
  });

  it('stops waiting when it is told to', async () => {
    const { module } = await open(tpmAt(0));
    await using _ = module;
    await expect(module.sign(input, AbortSignal.abort())).rejects.toMatchObject({ phase: 'aborted' });
  });
});
