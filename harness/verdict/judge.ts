import type { Check, KeyCustody } from '../../reports/run-result.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { checkExpectations } from './expectations.ts';
import { judgeFleet, judgeLedger, type OracleEvidence } from './fleet-oracle.ts';
import { type HubEvidence, judgeHubs } from './hub-oracle.ts';
import { judgeKeyCustody } from './key-custody.ts';
import { judgeLives, type LifeEvidence } from './life-oracle.ts';
import { checkThresholds } from './thresholds.ts';

/** Everything that can be said against a run: oracle, expectations (of a run that came to its end), thresholds. */
export function judge(
  evidence: OracleEvidence &
    HubEvidence &
    LifeEvidence & {
      readonly scenario: Scenario;
      readonly recorder: Recorder;
      readonly keyCustody: KeyCustody | undefined;
    },
): readonly Check[] {
  const { scenario, plan, outcomes, recorder, interrupted } = evidence;
  const byService =
    scenario.endpoint.kind === 'null'
      ? judgeLedger(evidence)
      : [
          ...judgeFleet({ ...evidence, lives: scenario.life !== undefined }),
          // A real hub is not asked what reached it.
          ...(scenario.endpoint.kind === 'azure' ? [] : judgeHubs(evidence)),
          ...judgeLives(evidence),
        ];
  return [
    ...byService,
    ...judgeKeyCustody(evidence.keyCustody, outcomes),
    ...(interrupted ? [] : checkExpectations(plan, outcomes)),
    ...checkThresholds(scenario.thresholds, recorder),
  ];
}
