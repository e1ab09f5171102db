import { RigError, toError } from '../../kernel/errors.ts';
import type { EdgeVersion } from '../platforms/profiles.ts';
import type { Check, CheckContext, CheckResult } from './check.ts';
import { checksOf, configurationCheckOf } from './table.ts';

/** One check and what it found. */
export type CheckReport = Pick<Check, 'id' | 'description' | 'section'> & { readonly result: CheckResult };

export interface RunChecksOptions {
  readonly version: EdgeVersion;
  /** Reads the configuration; what it throws is the finding of the check for that. */
  readonly open: () => Promise<CheckContext>;
  /** Ids of checks that are not done. */
  readonly dontRun: readonly string[];
}

/**
 * Does the checks of a version one after the other, as the tools on the device do. A configuration that cannot be read is
 * fatal: what follows is skipped.
 */
export async function runChecks(
  { version, open, dontRun }: RunChecksOptions,
  signal: AbortSignal,
): Promise<readonly CheckReport[]> {
  const opened = await open().catch((thrown: unknown): CheckResult => {
    const { message } = toError(thrown);
    const hint = thrown instanceof RigError && thrown.hint !== undefined ? [thrown.hint] : [];
    return { kind: 'fatal', details: [message, ...hint] };
  });
  const reports: CheckReport[] = [];
  for (const check of checksOf(version)) {
    const { id, description, section } = check;
    reports.push({ id, description, section, result: await resultOf(check, opened) });
  }
  return reports;

  async function resultOf(check: Check, context: CheckContext | CheckResult): Promise<CheckResult> {
    if (dontRun.includes(check.id)) return { kind: 'skipped', reason: 'not asked for (--dont-run)' };
    if (!('kind' in context)) return check.run(context, signal);
    const configuration = configurationCheckOf(version);
    return check.id === configuration ? context : { kind: 'skipped', reason: `${configuration} failed` };
  }
}
