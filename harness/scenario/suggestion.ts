import type { z } from 'zod';
import { nearestWord } from '../../simulators/kernel/nearest-word.ts';
import { metricNames } from '../verdict/threshold-syntax.ts';
import { scenarioSchema } from './scenario-schema.ts';

/** `; did you mean "symmetric-key"?` where a known word is near what was written, else nothing. */
export function suggestion(issue: z.core.$ZodIssue, written: unknown): string {
  if (typeof written !== 'string') return '';
  const known =
    issue.code === 'invalid_value'
      ? issue.values.map(String)
      : issue.code === 'unrecognized_keys'
        ? knownKeys()
        : [];
  const near = nearestWord(written, known);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** Every key that a scenario may have, at any depth: a typo is near one of them. */
function knownKeys(): readonly string[] {
  const keys = new Set<string>(metricNames);
  const visit = (schema: unknown): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { _zod } = schema as { _zod?: { def: Record<string, unknown> } };
    if (_zod === undefined) return;
    const { shape, options, innerType, element } = _zod.def as {
      shape?: Record<string, unknown>;
      options?: readonly unknown[];
      innerType?: unknown;
      element?: unknown;
    };
    for (const [key, inner] of Object.entries(shape ?? {})) {
      keys.add(key);
      visit(inner);
    }
    for (const inner of [...(options ?? []), innerType, element]) visit(inner);
  };
  visit(scenarioSchema);
  return [...keys];
}
