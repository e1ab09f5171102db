import { ScenarioError } from '../../simulators/kernel/errors.ts';

/** A dotted key and its new value, as `--set load.concurrency=8` gives it. */
export interface Override {
  readonly path: string;
  readonly value: unknown;
}

/**
 * Sets one key of a scenario in place; tables that are not written down are made, elements of lists are not.
 *
 * @param file only for messages
 * @throws ScenarioError when the path leads nowhere
 */
export function applyOverride(
  scenario: Record<string, unknown>,
  { path, value }: Override,
  file: string,
): void {
  const refuse = (why: string): ScenarioError =>
    new ScenarioError({ file, key: path, message: `cannot be set on the command line: ${why}` });
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  if ([...keys, last].some((key) => key === '' || key in Object.prototype)) {
    throw refuse('expected a dotted key, for example load.concurrency');
  }
  let table = scenario;
  for (const [depth, key] of keys.entries()) {
    requireElement(table, key);
    table[key] ??= {};
    const inner = table[key];
    const name = keys.slice(0, depth + 1).join('.');
    if (typeof inner !== 'object' || inner === null) throw refuse(`${name} is not a table`);
    table = inner as Record<string, unknown>;
  }
  requireElement(table, last);
  table[last] = value;

  function requireElement(list: object, key: string): void {
    if (Array.isArray(list) && !Object.hasOwn(list, key))
      throw refuse(`there is no element ${key}, they are 0 to ${list.length - 1}`);
  }
}
