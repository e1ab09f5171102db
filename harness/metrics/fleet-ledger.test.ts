import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignedTo, HUB, makeOutcome, refusedWith } from '../testing/outcomes.ts';
import { planOfEntry } from '../testing/plans.ts';
import { FleetLedger } from './fleet-ledger.ts';
import type { Outcome } from './outcome.ts';

const { devices } = planOfEntry('devices = 50\nattestation = ["symmetric-key", "x509"]');

const outcomeAt = (index: number, said: Partial<Outcome> = {}): Outcome => {
  const { spec: { registrationId } = { registrationId: '' }, cell = 0 } = devices.at(index) ?? {};
  return makeOutcome({ index, registrationId, cell, ...said });
};

const recordOf = ({ index, registrationId, cell, result, keyUse, phasesMs }: Outcome) => ({
  ...{ index, registrationId, cell, result },
  ...(keyUse === undefined ? {} : { keyUse }),
  ...(failed.has(result.kind) ? { phasesMs } : {}),
});

/** Where the time went matters of those. */
const failed: ReadonlySet<string> = new Set(['ended', 'error']);

describe('FleetLedger', () => {
  it('gives back what was entered, usual or not, and nothing for others', () => {
    const said: Partial<Outcome>[] = [
      {},
      { result: assignedTo('other.example', devices.at(1)?.spec.registrationId ?? '') },
      { result: assignedTo(HUB, 'somebody-else') },
      { result: refusedWith(401, 401_002) },
      { keyUse: { signatures: 1, handshakes: 1, resumed: 0 } },
      { registrationId: 'stranger' },
      { cell: 99 },
      { result: { kind: 'aborted' } },
    ];
    const outcomes = said.map((change, index) => outcomeAt(index, change));
    const ledger = new FleetLedger(devices);
    expect(ledger.enter(outcomes)).toEqual(outcomes);
    expect([...ledger].slice(0, said.length)).toEqual(outcomes.map(recordOf));
    expect([...ledger].slice(said.length)).toEqual(Array(devices.length - said.length).fill(undefined));
    expect(ledger.reported).toBe(said.length);
  });

  it('counts a device once, however often and in whatever order ranges are told', () => {
    const indexes = fc.array(fc.integer({ min: 0, max: devices.length - 1 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.array(indexes), (tellings) => {
        const ledger = new FleetLedger(devices);
        const entered = tellings.flatMap((telling) =>
          ledger.enter([...new Set(telling)].map((index) => outcomeAt(index))),
        );
        const told = new Set(tellings.flat());
        expect(new Set(entered.map(({ index }) => index))).toEqual(told);
        expect(entered).toHaveLength(told.size);
        expect(ledger.reported).toBe(told.size);
      }),
    );
  });
});
