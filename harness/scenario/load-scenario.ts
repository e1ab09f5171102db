import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { ScenarioError, toError } from '../../simulators/kernel/errors.ts';
import { type LocatedDocument, parseToml } from '../../simulators/kernel/toml.ts';
import { parseThreshold } from '../verdict/threshold-syntax.ts';
import { expandMatrix, type RunCase } from './expand.ts';
import { applyOverride, type Override } from './override.ts';
import { type Scenario, scenarioSchema } from './scenario-schema.ts';
import { suggestion } from './suggestion.ts';

/**
 * Reads and checks a scenario file.
 *
 * @throws ScenarioError naming file, line and key, what was expected and the nearest word that is known
 */
export async function loadScenario(file: string, overrides: readonly Override[] = []): Promise<Scenario> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = toError(cause) as NodeJS.ErrnoException;
    const message = unreadable[code ?? ''] ?? `cannot be read (${code ?? 'error'})`;
    throw new ScenarioError(
      { file, message },
      { cause, hint: '`dps-rig list scenarios` shows those that come with dps-rig.' },
    );
  }
  return parseScenario(text, file, overrides);
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a directory; give a .toml file',
};

/** As {@link loadScenario}, on text. @param file only for messages */
export function parseScenario(text: string, file: string, overrides: readonly Override[] = []): Scenario {
  const document = parseDocument(text, file);
  const value = structuredClone(document.value) as Record<string, unknown>;
  for (const override of overrides) applyOverride(value, override, file);
  const parsed = scenarioSchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) =>
      toScenarioError(issue, { document, file, value, overrides }),
    );
    const [first, ...others] = problems;
    if (first !== undefined && others.length === 0) throw first;
    const message = `${first?.message ?? ''}\n${others.map((other) => other.message).join('\n')}`;
    throw Object.assign(first ?? new ScenarioError({ file, message: 'is invalid' }), { message });
  }
  checkThresholds(parsed.data, { document, file });
  checkEmulatorBackend(parsed.data, { document, file });
  checkTpmMode(parsed.data, { document, file });
  checkVersions(parsed.data, { document, file });
  checkLife(parsed.data, { document, file });
  return parsed.data;
}

interface Source {
  readonly document: LocatedDocument;
  readonly file: string;
}

function parseDocument(text: string, file: string): LocatedDocument {
  const parsed = parseToml(text);
  if (parsed.kind === 'document') return parsed;
  const { line, message, cause } = parsed;
  throw new ScenarioError({ file, line, message: `is not TOML: ${message}` }, { cause });
}

function toScenarioError(
  issue: z.core.$ZodIssue,
  { document, file, value, overrides }: Source & { value: unknown; overrides: readonly Override[] },
): ScenarioError {
  const [deepest] = deepestIssues(issue);
  const unknownKey = deepest.code === 'unrecognized_keys' ? deepest.keys[0] : undefined;
  const path = [...deepest.path, ...(unknownKey === undefined ? [] : [unknownKey])].map(String);
  const message =
    unknownKey === undefined
      ? `${lowerFirst(deepest.message)}${seen(value, path)}${suggestion(deepest, lookUp(value, path))}`
      : `is not a key of this table${suggestion(deepest, unknownKey)}`;
  const key = path.join('.');
  // What the command line says stands on no line of the file.
  if (overrides.some((override) => override.path === key))
    return new ScenarioError({ file, key, message: `${message} (on the command line)` });
  return new ScenarioError({ file, line: document.locate(path)?.line, key, message });
}

/** A union fails with one list of issues per branch: the branch that got furthest tells most. */
function deepestIssues(issue: z.core.$ZodIssue): [z.core.$ZodIssue, ...z.core.$ZodIssue[]] {
  if (issue.code !== 'invalid_union') return [issue];
  const branches = issue.errors.map((branch) =>
    branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
  );
  const furthest = branches.toSorted((a, b) => (b[0]?.path.length ?? 0) - (a[0]?.path.length ?? 0))[0]?.[0];
  return furthest === undefined ? [issue] : deepestIssues(furthest);
}

function seen(value: unknown, path: readonly string[]): string {
  const found = lookUp(value, path);
  return found === undefined ? '' : `, found ${withoutCredentials(JSON.stringify(found)).slice(0, 80)}`;
}

/** A password in a URL is nobody's business. */
const withoutCredentials = (text: string): string => text.replaceAll(/\/\/[^\s/"]*@/g, '//***@');

function lookUp(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    value,
  );
}

function checkThresholds({ thresholds }: Scenario, { document, file }: Source): void {
  for (const [metric, conditions] of Object.entries(thresholds)) {
    for (const condition of [conditions].flat()) {
      try {
        parseThreshold(metric, typeof condition === 'string' ? condition : condition.threshold);
      } catch (cause) {
        const path = ['thresholds', metric];
        throw new ScenarioError(
          { file, line: document.locate(path)?.line, key: path.join('.'), message: toError(cause).message },
          { cause },
        );
      }
    }
  }
}

/** A handshake signs while everything stands still: its TPM cannot be one that takes turns. */
function checkTpmMode(scenario: Scenario, { document, file }: Source): void {
  const { mode, backend } = scenario.tpm;
  const refuse = (key: string, message: string, hint: string): never => {
    const path = ['tpm', key];
    throw new ScenarioError(
      { file, line: document.locate(path)?.line, key: path.join('.'), message },
      { hint },
    );
  };
  if (backend === 'container' && mode === 'dedicated')
    refuse('mode', 'TPMs in containers take turns', 'Leave mode out, or set backend = "process".');
  if (mode !== 'pooled' && backend !== 'container') return;
  const isInHandshake = ({ attestation, keyStore, devices }: RunCase): boolean =>
    devices > 0 && attestation === 'x509' && keyStore === 'swtpm';
  if (!expandMatrix(scenario).some(isInHandshake)) return;
  const [key, hint] =
    backend === 'container'
      ? (['backend', 'Leave backend out.'] as const)
      : (['mode', 'Leave mode out, or set it to "dedicated".'] as const);
  refuse(
    key,
    'pooled TPMs cannot sign TLS handshakes, and there are X.509 devices with a key in their TPM',
    hint,
  );
}

/** What an emulator in a container is told, it is told as options of `dps-rig emulate`; it cannot be broken by one. */
function checkEmulatorBackend({ endpoint }: Scenario, { document, file }: Source): void {
  if (endpoint.kind !== 'emulator' || endpoint.backend === 'process') return;
  const onlyHere = (['defect', 'serverRootRotatesAfterSeconds'] as const).find(
    (key) => endpoint[key] !== undefined,
  );
  if (onlyHere === undefined) return;
  const path = ['endpoint', onlyHere];
  throw new ScenarioError(
    {
      file,
      line: document.locate(path)?.line,
      key: path.join('.'),
      message: 'is for an emulator in this process only',
    },
    { hint: 'Leave backend out.' },
  );
}

/** A life is that of IoT Edge's daemons: other clients would stand by. */
function checkLife({ life, fleet }: Scenario, { document, file }: Source): void {
  if (life === undefined) return;
  const index = fleet.findIndex(({ client }) => [client].flat().some((one) => one !== 'iot-edge'));
  if (index < 0) return;
  const path = ['fleet', String(index), 'client'];
  throw new ScenarioError(
    {
      file,
      line: (document.locate(path) ?? document.locate(['life']))?.line,
      key: path.join('.'),
      message: 'must be iot-edge where there is [life]: only its daemons have one',
    },
    { hint: 'Set client = "iot-edge", or leave [life] out.' },
  );
}

/** Only IoT Edge has versions: with other clients alone, somebody believes in something that is not there. */
function checkVersions({ fleet }: Scenario, { document, file }: Source): void {
  for (const [index, { version, client }] of fleet.entries()) {
    if (version === undefined || [client].flat().includes('iot-edge')) continue;
    const path = ['fleet', String(index), 'version'];
    throw new ScenarioError(
      {
        file,
        line: document.locate(path)?.line,
        key: path.join('.'),
        message: 'is that of IoT Edge, and no device of this entry runs it',
      },
      { hint: 'Set client = "iot-edge", or leave version out.' },
    );
  }
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
