import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../kernel/bytes.ts';
import { TransportError } from '../../kernel/errors.ts';
import { makeActivationBlob } from '../credential.ts';
import { decorate } from '../decorators/decorate.ts';
import { makeTestTpms, type TestTpms } from '../testing/test-tpms.ts';
import type { ManufacturedTpm, TpmTransport } from '../transport.ts';
import { openSwtpmProcess, type SwtpmProcess } from '../transports/swtpm-process.ts';
import { commandCodeOf } from '../transports/tpm-framing.ts';
import { type AzureTpmSecurityClientOptions, createAzureTpmSecurityClient } from './security-client.ts';

const commandCodes = {
  EvictControl: 0x120,
  PolicySecret: 0x151,
  HMAC: 0x155,
  Import: 0x156,
  ActivateCredential: 0x147,
  Load: 0x157,
  ReadPublic: 0x173,
  StartAuthSession: 0x176,
  GetCapability: 0x17a,
  GetRandom: 0x17b,
} as const;
type CommandName = keyof typeof commandCodes;

const errorResponse = (responseCode: number): Uint8Array =>
  fromHex(`80010000000a${responseCode.toString(16).padStart(8, '0')}`);

/** Answers some commands in the TPM's place; what it returns undefined for reaches the TPM. */
const answering = (
  inner: TpmTransport,
  answer: (command: Uint8Array) => Uint8Array | Promise<Uint8Array> | undefined,
): TpmTransport =>
  decorate(inner, {
    send: async (command, signal) => (await answer(command)) ?? inner.send(command, signal),
  });

const isCommand = (command: Uint8Array, name: CommandName): boolean =>
  commandCodeOf(command) === commandCodes[name];

describe('createAzureTpmSecurityClient', () => {
  let testTpms: TestTpms;
  let tpm: ManufacturedTpm;
  let swtpm: SwtpmProcess;
  const hmacKey = new Uint8Array(randomBytes(32));

  beforeAll(async () => {
    testTpms = await makeTestTpms(2);
    [tpm] = testTpms.tpms as [ManufacturedTpm];
  });
  afterAll(async () => {
    await testTpms[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    swtpm = await openSwtpmProcess({ state: await readFile(tpm.stateFile) });
  });
  afterEach(async () => {
    await swtpm.close();
  });

  const blob = (target: ManufacturedTpm = tpm): Buffer =>
    Buffer.from(
      makeActivationBlob({
        endorsementKey: target.endorsementKey,
        storageRootKey: target.storageRootKey,
        hmacKey,
        data: Buffer.from('hub'),
      }),
    );
  const expectedHmac = (data: Uint8Array): string => createHmac('sha256', hmacKey).update(data).digest('hex');
  const clientOn = (transport: TpmTransport, options: Partial<AzureTpmSecurityClientOptions> = {}) =>
    createAzureTpmSecurityClient({
      transport,
      commandTimeoutMs: 5_000,
      operationTimeoutMs: 10_000,
      ...options,
    });

  /** How many sessions and transient objects the TPM holds. */
  const loadedHandles = async (): Promise<number> => {
    let count = 0;
    for (const first of ['02000000', '80000000']) {
      const response = await swtpm.send(fromHex(`8001000000160000017a00000001${first}000000ff`));
      count += Buffer.from(response).readUInt32BE(15);
    }
    return count;
  };

  describe('on a TPM that works', () => {
    it('reads the keys of the TPM and derives the registration id', async () => {
      const client = clientOn(swtpm);
      expect(toHex(await client.getEndorsementKey())).toBe(toHex(tpm.endorsementKey));
      expect(toHex(await client.getStorageRootKey())).toBe(toHex(tpm.storageRootKey));
      expect(await client.getRegistrationId()).toMatch(/^[a-z2-7]{52}$/);
    });

    it('keeps a registration id that it was given', async () => {
      expect(await clientOn(swtpm, { registrationId: 'device-1' }).getRegistrationId()).toBe('device-1');
    });

    it.each([4, 1024, 1025, 5000])('signs %i bytes with the key of a challenge', async (length) => {
      const client = clientOn(swtpm);
      await client.activateIdentityKey(blob());
      const data = randomBytes(length);
      expect(toHex(await client.signWithIdentity(data))).toBe(expectedHmac(data));
      expect(await loadedHandles()).toBe(0);
    });

    it('finds the identity key that another client left in the TPM', async () => {
      await clientOn(swtpm).activateIdentityKey(blob());
      const data = Buffer.from('data');
      expect(toHex(await clientOn(swtpm).signWithIdentity(data))).toBe(expectedHmac(data));
    });

    it('takes a callback as the SDKs of Azure give one', async () => {
      const client = clientOn(swtpm);
      const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
      client.getEndorsementKey((error: Error | null, key) => (error ? reject(error) : resolve(key)));
      expect(toHex((await promise) ?? Buffer.alloc(0))).toBe(toHex(tpm.endorsementKey));
    });

    it('leases the TPM for each operation where it is shared', async () => {
      let leases = 0;
      const client = createAzureTpmSecurityClient({
        transport: {
          use: async (flow) => {
            leases += 1;
            return flow(swtpm);
          },
        },
      });
      await client.activateIdentityKey(blob());
      const data = Buffer.from('data');
      expect(toHex(await client.signWithIdentity(data))).toBe(expectedHmac(data));
      expect(leases).toBe(2);
    });
  });

  describe('where the package alone would end the process', () => {
    it.each([
      ['StartAuthSession', 0x903],
      ['ActivateCredential', 0x1df],
      ['ActivateCredential', 0x921],
      ['Import', 0x1df],
      ['Load', 0x902],
    ] as const)('reports an error of %s (%i)', async (name, responseCode) => {
      const transport = answering(swtpm, (command) =>
        isCommand(command, name) ? errorResponse(responseCode) : undefined,
      );
      await expect(clientOn(transport).activateIdentityKey(blob())).rejects.toMatchObject({
        name: 'SecurityDeviceError',
        cause: { command: `TPM2_${name}`, responseCode },
      });
      expect(await loadedHandles()).toBe(0);
    });

    it('reports a challenge for another TPM', async () => {
      const other = testTpms.tpms[1] as ManufacturedTpm;
      await expect(clientOn(swtpm).activateIdentityKey(blob(other))).rejects.toMatchObject({
        name: 'SecurityDeviceError',
        cause: { command: 'TPM2_ActivateCredential' },
      });
    });

    it('reports a blob that was tampered with', async () => {
      const tampered = blob();
      tampered.writeUInt8(tampered.readUInt8(40) ^ 1, 40);
      await expect(clientOn(swtpm).activateIdentityKey(tampered)).rejects.toMatchObject({
        cause: { code: 'TPM_RC_INTEGRITY' },
      });
    });

    it.each([0, 1, 30, 300, 700])('reports a blob of which only %i bytes came', async (length) => {
      await expect(clientOn(swtpm).activateIdentityKey(blob().subarray(0, length))).rejects.toBeInstanceOf(
        Error,
      );
      expect(await loadedHandles()).toBe(0);
    });

    it('reports a TPM without room for another session', async () => {
      const startSession = fromHex(
        `80010000002f000001764000000740000007 0014 ${'00'.repeat(20)} 0000 01 0010 000b`,
      );
      for (let session = 0; session < 3; session += 1) await swtpm.send(startSession);
      await expect(clientOn(swtpm).activateIdentityKey(blob())).rejects.toMatchObject({
        cause: { code: 'TPM_RC_SESSION_MEMORY' },
      });
    });

    it.each(Object.keys(commandCodes) as CommandName[])('reports a connection cut at %s', async (name) => {
      const transport = answering(swtpm, (command) => {
        if (isCommand(command, name) && swtpm.usable) process.kill(swtpm.pid, 'SIGKILL');
        return undefined;
      });
      const client = clientOn(transport);
      const work = client.activateIdentityKey(blob()).then(() => client.signWithIdentity(Buffer.from('x')));
      await expect(work).rejects.toMatchObject({ cause: { code: 'TPM_PROCESS_EXITED' } });
    });

    it.each([
      ['no bytes at all', new Uint8Array()],
      ['9 bytes', fromHex('8001 0000 000a 0000 00')],
      ['a response cut short', fromHex('8001 0000 0020 0000 0000 0014 aabb')],
      ['a wrong tag', fromHex('1234 0000 000a 0000 0000')],
      ['success without content', fromHex('8001 0000 000a 0000 0000')],
      ['success without content, with sessions', fromHex('8002 0000 000e 0000 0000 0000 0000')],
    ])('reports %s in the place of any response', async (_what, response) => {
      for (const name of Object.keys(commandCodes) as CommandName[]) {
        const transport = answering(swtpm, (command) => (isCommand(command, name) ? response : undefined));
        const client = clientOn(transport);
        const outcome = await client
          .activateIdentityKey(blob())
          .then(() => client.signWithIdentity(Buffer.from('x')))
          .catch((error: unknown) => error);
        // Where a command that frees something is lied about, the client may take it for done; it must not crash.
        if (name !== 'EvictControl' && name !== 'PolicySecret') expect(outcome, name).toBeInstanceOf(Error);
      }
      expect(await loadedHandles()).toBe(0);
    });

    it('survives any bytes in the place of any response, and works afterwards', async () => {
      const header = fc
        .tuple(
          fc.constantFrom(0x8001, 0x8002),
          fc.oneof(fc.constant(0), fc.nat(0xfff)),
          fc.uint8Array({ maxLength: 80 }),
        )
        .map(([tag, responseCode, body]) => {
          const head = Buffer.alloc(10);
          head.writeUInt16BE(tag, 0);
          head.writeUInt32BE(10 + body.length, 2);
          head.writeUInt32BE(responseCode, 6);
          return concatBytes(head, body);
        });
      await fc.assert(
        fc.asyncProperty(
          fc.nat(14),
          fc.oneof(header, fc.uint8Array({ maxLength: 40 })),
          async (at, response) => {
            let count = 0;
            const transport = answering(swtpm, () => (count++ === at ? response : undefined));
            const client = clientOn(transport, { commandTimeoutMs: 1_000, operationTimeoutMs: 2_000 });
            await client
              .activateIdentityKey(blob())
              .then(() => client.signWithIdentity(Buffer.from('x')))
              .catch((error: unknown) => expect(error).toBeInstanceOf(Error));
          },
        ),
        { numRuns: 150 },
      );
      await swtpm.powerOn();
      const data = Buffer.from('data');
      const client = clientOn(swtpm);
      await client.activateIdentityKey(blob());
      expect(toHex(await client.signWithIdentity(data))).toBe(expectedHmac(data));
    });
  });

  describe('where the package alone would hang or loop', () => {
    it.each(Object.keys(commandCodes) as CommandName[])(
      'gives up when %s is never answered',
      async (name) => {
        const transport = answering(swtpm, (command) =>
          isCommand(command, name) ? new Promise<Uint8Array>(() => undefined) : undefined,
        );
        const client = clientOn(transport, { operationTimeoutMs: 100 });
        const work = client.activateIdentityKey(blob()).then(() => client.signWithIdentity(Buffer.from('x')));
        await expect(work).rejects.toMatchObject({ phase: 'timeout' });
      },
    );

    it('gives up a command by itself when the transport heeds its signal', async () => {
      const transport = decorate(swtpm, {
        send: (_command, signal) =>
          new Promise((_, reject) => {
            signal?.addEventListener('abort', () =>
              reject(new TransportError('aborted', 'ABORTED', 'stopped')),
            );
          }),
      });
      await expect(clientOn(transport, { commandTimeoutMs: 30 }).getEndorsementKey()).rejects.toMatchObject({
        cause: { code: 'TPM_TIMEOUT' },
      });
    });

    it('frees the session of an operation that took too long', async () => {
      let slow = true;
      const transport = decorate(swtpm, {
        send: async (command, signal) => {
          if (slow && isCommand(command, 'ActivateCredential')) {
            await new Promise((_, reject) =>
              signal?.addEventListener('abort', () => reject(signal.reason as Error)),
            );
          }
          return swtpm.send(command, signal);
        },
      });
      const client = clientOn(transport, { operationTimeoutMs: 100 });
      await expect(client.activateIdentityKey(blob())).rejects.toMatchObject({ phase: 'timeout' });
      expect(await loadedHandles()).toBe(0);
      slow = false;
      await client.activateIdentityKey(blob());
    });

    it('stops to retry a TPM that answers TPM_RC_RETRY for ever', async () => {
      let tries = 0;
      const transport = answering(swtpm, (command) => {
        if (!isCommand(command, 'StartAuthSession')) return undefined;
        tries += 1;
        return errorResponse(0x922);
      });
      await expect(clientOn(transport).activateIdentityKey(blob())).rejects.toMatchObject({
        cause: { code: 'TPM_RC_RETRY' },
      });
      expect(tries).toBe(8);
    });

    it.each([0x922, 0x908, 0x90a])('tries again when the TPM is busy (%i)', async (responseCode) => {
      const busy = new Set<number>();
      const transport = answering(swtpm, (command) => {
        const commandCode = commandCodeOf(command) ?? 0;
        if (busy.has(commandCode)) return undefined;
        busy.add(commandCode);
        return errorResponse(responseCode);
      });
      await clientOn(transport).activateIdentityKey(blob());
      expect(busy.size).toBeGreaterThan(6);
    });
  });

  describe('where the package alone would mix things up', () => {
    it('gives every signWithIdentity in parallel its own answer', async () => {
      const client = clientOn(swtpm);
      await client.activateIdentityKey(blob());
      const inputs = Array.from({ length: 20 }, (_, index) => Buffer.alloc(1 + index * 150, index));
      const signatures = await Promise.all(inputs.map((input) => client.signWithIdentity(input)));
      expect(signatures.map(toHex)).toEqual(inputs.map(expectedHmac));
    });

    it('goes on with the others when one of them fails', async () => {
      const client = clientOn(swtpm);
      await client.activateIdentityKey(blob());
      const data = Buffer.from('data');
      const [failed, ...signed] = await Promise.allSettled([
        client.activateIdentityKey(Buffer.from('not a blob')),
        client.signWithIdentity(data),
        client.signWithIdentity(data),
      ]);
      expect(failed.status).toBe('rejected');
      expect(signed.map((result) => result.status === 'fulfilled' && toHex(result.value))).toEqual([
        expectedHmac(data),
        expectedHmac(data),
      ]);
    });
  });

  describe('where the package alone would leak or make keys', () => {
    it.each(['PolicySecret', 'ActivateCredential', 'Import', 'Load'] as const)(
      'leaves no session after ten failures of %s',
      async (name) => {
        let failing = true;
        const transport = answering(swtpm, (command) =>
          failing && isCommand(command, name) ? errorResponse(0x101) : undefined,
        );
        const client = clientOn(transport);
        for (let attempt = 0; attempt < 10; attempt += 1) {
          await expect(client.activateIdentityKey(blob())).rejects.toMatchObject({
            name: 'SecurityDeviceError',
          });
        }
        expect(await loadedHandles()).toBe(0);
        failing = false;
        await client.activateIdentityKey(blob());
      },
    );

    it('leaves no key loaded when it cannot be made persistent', async () => {
      const transport = answering(swtpm, (command) =>
        isCommand(command, 'EvictControl') ? errorResponse(0x14b) : undefined,
      );
      const client = clientOn(transport);
      for (let attempt = 0; attempt < 5; attempt += 1) {
        await expect(client.activateIdentityKey(blob())).rejects.toMatchObject({
          cause: { code: 'TPM_RC_NV_SPACE' },
        });
      }
      expect(await loadedHandles()).toBe(0);
    });

    it('does not make the EK that is missing', async () => {
      await swtpm.send(
        fromHex('8002 00000023 00000120 40000001 81010001 00000009 40000009 0000 01 0000 81010001'),
      );
      await expect(clientOn(swtpm).getEndorsementKey()).rejects.toMatchObject({
        cause: { command: 'TPM2_ReadPublic', code: 'TPM_RC_HANDLE' },
      });
      expect(toHex(await swtpm.send(fromHex('8001 0000000e 00000173 81010001')))).toBe(
        '80010000000a0000018b',
      );
    });

    it('makes it when told to, and it is another one than the TCG template gives', async () => {
      await swtpm.send(
        fromHex('8002 00000023 00000120 40000001 81010001 00000009 40000009 0000 01 0000 81010001'),
      );
      const made = await clientOn(swtpm, { createMissingKeys: true }).getEndorsementKey();
      expect(made).toHaveLength(316);
      expect(toHex(made)).not.toBe(toHex(tpm.endorsementKey));
      expect(await loadedHandles()).toBe(0);
    });

    it('does not make keys because a connection is gone', async () => {
      await swtpm.close();
      await expect(clientOn(swtpm).getEndorsementKey()).rejects.toMatchObject({ cause: { phase: 'tpm' } });
    });
  });

  it('says that a key must be activated before anything is signed', async () => {
    await expect(clientOn(swtpm).signWithIdentity(Buffer.from('x'))).rejects.toMatchObject({
      name: 'InvalidOperationError',
    });
  });

  it('derives the registration id as RFC 4648 base32 of SHA-256 of the EK', async () => {
    const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
    const bits = [...createHash('sha256').update(tpm.endorsementKey).digest()]
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('');
    const expected = (bits.match(/.{1,5}/g) ?? [])
      .map((group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)])
      .join('');
    expect(await clientOn(swtpm).getRegistrationId()).toBe(expected);
  });
});
