import type { Diagnosis } from '../../reports/run-result.ts';
import { explain } from '../explain/explain.ts';
import type { FailureCause } from './cause.ts';
import { codeOf, type Evidence, isRefusedIdentity, messageOf } from './evidence.ts';
import { failureCauses } from './table.ts';

/** Names why one device failed, from what it had, what it did and what the service knows. Pure. */
export function diagnose(evidence: Evidence): Omit<Diagnosis, 'cell'> {
  const code = codeOf(evidence);
  const { registrationId } = evidence;
  for (const [cause, { find, explain: entry, scenario, fix }] of causes) {
    const finding = find(evidence);
    if (finding !== undefined)
      return { registrationId, code, cause, ...finding, explain: entry, scenario, fix };
  }
  return { registrationId, code, ...unknownCause(evidence, code) };
}

const causes: readonly (readonly [string, FailureCause])[] = Object.entries(failureCauses);

/** Nothing in the evidence tells: what the emulator wrote down, and what the code alone may mean. */
function unknownCause(
  { result, enrollment }: Evidence,
  code: string,
): Pick<Diagnosis, 'cause' | 'statement' | 'confidence' | 'explain' | 'scenario' | 'fix'> {
  const query = code.replace(/^(DPS|HUB)_/, '');
  const [known] = explain(query);
  const [first] = known?.causes ?? [];
  const said = messageOf({ result });
  return {
    cause: 'unknown',
    statement: enrollment?.refusal ?? (isRefusedIdentity({ result }) ? said : (first?.because ?? said)),
    confidence: 'possible',
    explain: query,
    scenario: null,
    fix: first?.fix ?? null,
  };
}
