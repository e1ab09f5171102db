import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DeviceResult } from '../../simulators/index.ts';
import { assignedTo, HUB, makeOutcome, refusedWith } from '../testing/outcomes.ts';
import { planOfEntry } from '../testing/plans.ts';
import { nameResult, outcomeLines, writeOutcomeList } from './outcome-list.ts';

describe('the list of outcomes', () => {
  const plan = planOfEntry('devices = 3\nattestation = "x509"');
  const ids = [...plan.devices].map(({ spec }) => spec.registrationId);

  it('has a line for every device in the order of the fleet, also for those that never reported', () => {
    const outcomes = [
      makeOutcome({ registrationId: ids[0] ?? '', result: assignedTo(HUB, 'a') }),
      undefined,
      makeOutcome({ index: 2, registrationId: ids[2] ?? '', result: refusedWith(401, 401_002) }),
    ];
    const lines = [...outcomeLines(plan, outcomes)].map((line) => line.trimEnd().split('\t'));
    expect(lines.map(([id]) => id)).toEqual(ids);
    expect(lines.map(([, , came]) => came)).toEqual([
      `assigned a to ${HUB}, initialAssignment`,
      'never reported',
      'error DPS_401002, status 401',
    ]);
  });

  it.each<[DeviceResult, string]>([
    [{ kind: 'ended', status: 'failed', errorCode: 400_207, message: 'at 10:02' }, 'ended failed 400207'],
    [{ kind: 'ended', status: 'disabled', message: '' }, 'ended disabled'],
    [{ kind: 'aborted' }, 'aborted'],
  ])('names %j without what differs from run to run', (result, name) => {
    expect(nameResult(result)).toBe(name);
  });

  it('is written whole when it has more lines than are written together', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dps-rig-list-'));
    const path = join(directory, 'outcomes.tsv');
    const lines = Array.from({ length: 4_001 }, (_, index) => `line ${index}\n`);
    await writeOutcomeList(path, lines);
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''));
    rmSync(directory, { recursive: true });
  });
});
