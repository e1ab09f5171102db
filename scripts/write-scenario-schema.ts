#!/usr/bin/env node
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { scenarioSchema } from '../harness/scenario/scenario-schema.ts';

/** What editors check scenario files with. */
export const schemaFile: string = fileURLToPath(
  new URL('../scenarios/scenario.schema.json', import.meta.url),
);

/** The schema of scenario files as JSON Schema text; keys with a default may be left out. */
export function scenarioSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(scenarioSchema, { io: 'input' }), undefined, 2)}\n`;
}

if (import.meta.main) {
  await writeFile(schemaFile, scenarioSchemaText());
  process.stdout.write(`wrote ${schemaFile}\n`);
}
