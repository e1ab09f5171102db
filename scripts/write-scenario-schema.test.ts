import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scenarioSchemaText, schemaFile } from './write-scenario-schema.ts';

describe('scenario.schema.json', () => {
  it('is what the scenario schema says now', () => {
    // Out of date: run `npm run schema`.
    expect(readFileSync(schemaFile, 'utf8')).toBe(scenarioSchemaText());
  });

  it('refuses unknown keys and names only what must be written', () => {
    const schema = JSON.parse(scenarioSchemaText()) as Record<string, unknown>;
    expect(schema).toMatchObject({ additionalProperties: false, required: ['name', 'fleet'] });
  });
});
