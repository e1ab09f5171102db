import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestPki } from '../../pki/test-pki.ts';
import { type RunningDps, startDps } from '../emulator.ts';
import { connectDpsControl } from '../management-client.ts';
import { symmetricKeys } from '../testing/test-core.ts';
import { exportDataDirectory, importDataDirectory } from './state-files.ts';

const individual = (registrationId: string) => ({
  registrationId,
  attestation: symmetricKeys(new Uint8Array(32).fill(1)),
});

describe('an export', () => {
  let folder: string;
  let dataDir: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dps-rig-export-'));
    dataDir = join(folder, 'data');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const fill = async ({ control }: RunningDps): Promise<void> => {
    const pki = await createTestPki();
    const signingCertificates = { primary: { certificate: pki.bundle.rootPem } };
    await control.uploadCaCertificate('ca', pki.bundle.rootPem);
    await control.requestCaVerification('ca');
    await control.enroll([
      individual('a'),
      { enrollmentGroupId: 'fleet', attestation: { type: 'x509', x509: { signingCertificates } } },
      individual('b'),
    ]);
  };

  it('says the same after it was imported, over the management API and from files', async () => {
    await using first = await startDps();
    await fill(first);
    const text = await connectDpsControl(first.management.url).exportState();
    expect((JSON.parse(text) as { records: { kind: string }[] }).records.map(({ kind }) => kind)).toEqual([
      'caCertificate',
      'enrollmentGroup',
      'individualEnrollment',
      'individualEnrollment',
      'policyKey',
      'policyKey',
    ]);
    const file = join(folder, 'state.json');
    writeFileSync(file, text);
    expect(importDataDirectory(dataDir, file)).toBe(6);
    const again = join(folder, 'again.json');
    exportDataDirectory(dataDir, again);
    expect(readFileSync(again, 'utf8')).toBe(text);
    expect(statSync(again).mode & 0o777).toBe(0o600);
    await using second = await startDps({ dataDir });
    await connectDpsControl(second.management.url).importState(JSON.stringify(JSON.parse(text), null, 2));
    expect(await second.control.exportState()).toBe(text);
    expect(await second.control.enrollments()).toEqual(await first.control.enrollments());
  });

  it.each([
    ['names the line of a record that is wrong', 2, '{"kind":"individualEnrollment"}', /^line 2: enrollment/],
    ['names the line that is no JSON', 3, '{"kind"', /^line 3: not JSON/],
    ['names a kind that it does not know', 2, '{"kind":"pet"}', /^line 2: kind pet/],
    ['names a member that it could not keep', 2, { shoe: 1 }, /^line 2: shoe: no member/],
    ['names a member deep in a record', 2, { stamp: { shoe: 1 } }, /^line 2: stamp.shoe: no member/],
    ['names an enrollment that is twice in it', 3, 2, /^line 3: a second individualEnrollment a/],
  ] as const)('%s, and changes nothing', async (_what, number, put, message) => {
    await using dps = await startDps({ dataDir });
    await dps.control.enroll([individual('a'), individual('b')]);
    const before = await dps.control.exportState();
    const lines = before.split('\n');
    const given = lines[number - 1] ?? '';
    if (typeof put === 'string') lines[number - 1] = `${put},`;
    else if (typeof put === 'number') lines[number - 1] = (lines[put - 1] ?? '').slice(0, -1);
    else {
      const record = JSON.parse(given.replace(/,$/, '')) as Record<string, object>;
      const merged = 'stamp' in put ? { stamp: { ...record['stamp'], ...put.stamp } } : put;
      lines[number - 1] = `${JSON.stringify({ ...record, ...merged })},`;
    }
    const thrown = { name: 'UsageError', message: expect.stringMatching(message) as string };
    await expect(dps.control.importState(lines.join('\n'))).rejects.toMatchObject(thrown);
    expect(await dps.control.exportState()).toBe(before);
  });

  it('is refused when it was cut off, and leaves the directory as it was', async () => {
    {
      await using dps = await startDps({ dataDir });
      await dps.control.enroll([individual('a'), individual('b')]);
    }
    const whole = join(folder, 'whole.json');
    exportDataDirectory(dataDir, whole);
    const text = readFileSync(whole, 'utf8');
    const cut = join(folder, 'cut.json');
    writeFileSync(cut, text.slice(0, text.lastIndexOf(']}')));
    expect(() => importDataDirectory(dataDir, cut)).toThrow(/cut off/);
    exportDataDirectory(dataDir, cut);
    expect(readFileSync(cut, 'utf8')).toBe(text);
  });
});
