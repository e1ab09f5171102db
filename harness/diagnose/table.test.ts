import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultKinds } from '../../simulators/schemas.ts';
import { explain } from '../explain/explain.ts';
import { scenarioRoot } from '../failures/catalogue.ts';
import type { FailureCause } from './cause.ts';
import { failureCauses } from './table.ts';

describe.each(Object.entries<FailureCause>(failureCauses))('the cause %s', (_name, cause) => {
  it('leads to something that can be explained', () => {
    expect(explain(cause.explain)).not.toEqual([]);
  });

  it('leads to a scenario that is there, or says that there is none', () => {
    const [file = '', fault] = cause.scenario?.split(' ') ?? [];
    expect(cause.scenario === null || existsSync(join(scenarioRoot, `${file}.toml`))).toBe(true);
    expect(fault === undefined || faultKinds.includes(fault as (typeof faultKinds)[number])).toBe(true);
  });
});
