import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../reports/run-result.ts';
import { nullEndpoint } from '../environment/endpoint.ts';
import { chooseSetup } from '../load/run-setup.ts';
import { FleetLedger } from '../metrics/fleet-ledger.ts';
import type { Outcome } from '../metrics/outcome.ts';
import { Recorder } from '../metrics/recorder.ts';
import { partOfFleet, planFleet } from '../plan/fleet-plan.ts';
import type { Range } from '../plan/ranges.ts';
import { describeShard, rangesOfShard, splitForParts } from '../plan/shards.ts';
import { expandMatrix } from '../scenario/expand.ts';
import { parseScenario } from '../scenario/load-scenario.ts';
import { makeOutcome, refusedWith } from '../testing/outcomes.ts';
import { buildResult } from '../verdict/build-result.ts';
import { judge } from '../verdict/judge.ts';
import { mergeResults } from './merge-results.ts';

const DEVICES = 60;
const scenario = parseScenario(
  `name = "merged"
[endpoint]
kind = "null"
[thresholds]
total = ["p(95) < 40", "p(50) < 10 s"]
errors = "rate < 50 %"
assigned = "count > 5"
[[fleet]]
devices = ${DEVICES}
attestation = ["symmetric-key", "x509"]
`,
  'merged.toml',
);
const plan = planFleet(scenario, expandMatrix(scenario));

/** A run over some ranges in which devices ended like this. */
function resultOf(
  outcomes: readonly Outcome[],
  ranges: readonly Range[],
  part?: RunResult['part'],
): RunResult {
  const atHand = partOfFleet(plan, ranges);
  const mine = Array.from(atHand.devices, ({ spec }) => outcomes[spec.index]).filter(
    (one) => one !== undefined,
  );
  const ledger = new FleetLedger(atHand.devices);
  const recorder = new Recorder();
  for (const outcome of ledger.enter(mine)) recorder.add(outcome);
  const endpoint = nullEndpoint();
  const evidence = { plan: atHand, outcomes: ledger, recorder, keyCustody: undefined, interrupted: false };
  const services = { registrations: [], telemetry: [], devices: [], hubs: endpoint.hubs };
  return buildResult({
    ...{ scenario, scenarioFile: 'merged.toml', plan: atHand, part, warmUpDevices: 0, endpoint },
    ...{
      setup: chooseSetup(scenario, atHand),
      startedAt: new Date(0),
      preparationMs: 0,
      keyCustody: undefined,
    },
    timed: { ledger, recorder, cpuMs: 2 * mine.length, stoppedBy: undefined },
    ...{
      diagnoses: [],
      calibration: undefined,
      checks: judge({ scenario, ...evidence, ...services }),
      interrupted: false,
    },
  });
}

function shardsOf(outcomes: readonly Outcome[], of: number): RunResult[] {
  const ranges = splitForParts(DEVICES, { size: 9, warmUp: 0, parts: of });
  return Array.from({ length: of }, (_, index) => {
    const shard = { number: index + 1, of };
    const mine = rangesOfShard(ranges, shard);
    return resultOf(outcomes, mine, describeShard(shard, DEVICES, mine));
  });
}

const whole = (outcomes: readonly Outcome[]): RunResult =>
  resultOf(outcomes, [{ number: 0, from: 0, to: DEVICES }]);

function outcomeOf(index: number, [startMs, tookMs, refused]: readonly [number, number, boolean]): Outcome {
  const { spec, cell } = plan.devices.at(index) ?? { spec: { registrationId: '' }, cell: 0 };
  return makeOutcome({
    ...{ index, cell, registrationId: spec.registrationId, startMs, endMs: startMs + tookMs },
    phasesMs: { register: tookMs / 3 },
    ...(refused ? { result: refusedWith(401, 401002) } : {}),
  });
}

const ends = fc.tuple(fc.integer({ max: 9000, min: 0 }), fc.integer({ max: 90, min: 0 }), fc.boolean());
const fleets = fc
  .array(ends, { minLength: DEVICES, maxLength: DEVICES })
  .map((all) => all.map((end, index) => outcomeOf(index, end)));

const measuredOf = ({
  outcomes,
  total,
  phases,
  lateness,
  cells,
  errors,
  devices,
  durationMs,
}: RunResult) => ({
  ...{ outcomes, total, phases, lateness, cells, errors, devices, durationMs },
});

describe('mergeResults', () => {
  it('measures and judges as one run of the same devices does, to the bucket', () => {
    fc.assert(
      fc.property(fleets, fc.integer({ min: 1, max: 7 }), (outcomes, of) => {
        const one = whole(outcomes);
        const merged = mergeResults(shardsOf(outcomes, of));
        expect(measuredOf(merged)).toEqual(measuredOf(one));
        expect(merged.verdict).toBe(one.verdict);
        expect(merged.assignedPerSecond).toBeCloseTo(one.assignedPerSecond, 9);
        const ofWhole = ({ checks }: RunResult) =>
          checks.map(({ kind, name, passed, actual }) => ({ kind, name, passed, actual }));
        expect(ofWhole(merged).slice(1)).toEqual(ofWhole(one));
      }),
      { numRuns: 30 },
    );
  });

  const good = plan.devices.slice(0, DEVICES).map((_, index) => outcomeOf(index, [index * 10, 20, false]));

  it('takes the newest of a shard that ran again, and adds nothing of the other', () => {
    const shards = shardsOf(good, 3);
    const [, second] = shards;
    const again = { ...structuredClone(second), startedAt: new Date(5000).toISOString() } as RunResult;
    expect(measuredOf(mergeResults([again, ...shards]))).toEqual(measuredOf(whole(good)));
  });

  it('fails a fleet of which a shard is missing', () => {
    const { checks, verdict } = mergeResults(shardsOf(good, 3).slice(1));
    expect(verdict).toBe('correctness-failed');
    expect(checks[0]).toMatchObject({ name: 'every device is in exactly one shard', passed: false });
  });

  it('fails a shard that does not know what became of its devices', () => {
    const [first, ...others] = shardsOf(good.slice(1), 2);
    const { checks } = mergeResults([...others, first].filter((one) => one !== undefined));
    expect(checks[0]?.passed).toBe(false);
  });

  it.each([
    ['of another seed', (result: RunResult) => ({ ...result, scenario: { ...result.scenario, seed: 99 } })],
    [
      'of another split',
      (result: RunResult) => ({ ...result, part: result.part && { ...result.part, of: 9 } }),
    ],
    ['of a whole fleet', ({ part: _part, ...result }: RunResult) => result],
  ])('refuses a result %s', (_, change) => {
    const [first, ...others] = shardsOf(good, 2);
    const changed = others.map(change);
    expect(() => mergeResults([...changed, first].filter((one) => one !== undefined))).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    );
  });
});
