import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../kernel/bytes.ts';
import { describeTpm } from './describe-tpm.ts';
import { registrationIdFromEk, registrationIdFromEkHex } from './templates.ts';
import { makeTestTpms, type TestTpms } from './testing/test-tpms.ts';
import type { ManufacturedTpm } from './transport.ts';
import { openSwtpmProcess } from './transports/swtpm-process.ts';

describe('describeTpm', () => {
  let testTpms: TestTpms;

  beforeAll(async () => {
    testTpms = await makeTestTpms(1);
  });
  afterAll(async () => {
    await testTpms[Symbol.asyncDispose]();
  });

  it('reads the maker, the keys and both registration ids off a manufactured TPM', async () => {
    const [tpm] = testTpms.tpms as [ManufacturedTpm];
    await using swtpm = await openSwtpmProcess({ state: await readFile(tpm.stateFile) });
    const description = await describeTpm(swtpm);
    expect(description).toMatchObject({
      manufacturer: 'IBM',
      vendor: 'SW   TPM',
      specificationRevision: '1.64',
      lockout: { active: false, failedTries: 0 },
      persistentHandles: [0x81000001, 0x81010001],
      identityKey: undefined,
      registrationIds: {
        base32: registrationIdFromEk(tpm.endorsementKey),
        hex: registrationIdFromEkHex(tpm.endorsementKey),
      },
    });
    expect(description.firmwareVersion).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(toHex(description.endorsementKey?.publicArea ?? new Uint8Array())).toBe(toHex(tpm.endorsementKey));
    expect(toHex(description.storageRootKey?.publicArea ?? new Uint8Array())).toBe(toHex(tpm.storageRootKey));
    expect(description.endorsementKey?.name).toHaveLength(34);
  });

  it('has no registration id for a TPM without an EK', async () => {
    await using swtpm = await openSwtpmProcess();
    expect(await describeTpm(swtpm)).toMatchObject({
      persistentHandles: [],
      endorsementKey: undefined,
      registrationIds: undefined,
    });
  });
});
