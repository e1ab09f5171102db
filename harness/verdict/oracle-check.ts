import type { Check } from '../../reports/run-result.ts';

const SHOWN = 5;

/**
 * A check of the oracle: nothing may be wrong.
 *
 * @param seen what was looked at, for when all is well
 * @param wrong what is not as it must be; the first few are shown
 */
export const oracleCheck = (name: string, wrong: readonly string[], seen: string): Check => ({
  kind: 'oracle',
  name,
  passed: wrong.length === 0,
  actual: wrong.length === 0 ? seen : `${wrong.length} wrong`,
  detail:
    wrong.length === 0 ? null : `${wrong.slice(0, SHOWN).join('; ')}${wrong.length > SHOWN ? '; ...' : ''}`,
});
