import { isCollection, isMap, LineCounter, type Node, parseDocument } from 'yaml';
import { toError } from '../../kernel/errors.ts';
import type { ParsedText, Position } from '../../kernel/toml.ts';

/** A document of YAML (JSON is part of it), and which of its keys stand there more than once. */
export type ParsedYaml = ParsedText & {
  readonly repeated: readonly { readonly key: string; readonly line: number }[];
};

/** Reads YAML and keeps positions. Of a key that stands twice the last one counts, as with the library of 1.1. */
export function parseYaml(text: string): ParsedYaml {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: false, keepSourceTokens: true });
  const positionOf = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const [error] = document.errors;
  if (error !== undefined) {
    const message = error.message.split(' at line ')[0] ?? error.message;
    return { kind: 'syntax-error', ...positionOf(error.pos[0]), message, cause: error, repeated: [] };
  }
  if (!isMap(document.contents)) return unusable('there are no keys in it');
  let value: unknown;
  try {
    value = document.toJS();
  } catch (thrown) {
    // An alias without its anchor, or with so many uses that the document would burst.
    return unusable(toError(thrown).message);
  }
  const offset = (path: readonly string[]): number | undefined => keyOffset(document.contents, path);
  return {
    kind: 'document',
    value: value as Record<string, unknown>,
    locate: (path) => {
      const at = offset(path);
      return at === undefined ? undefined : positionOf(at);
    },
    repeated: repeatedKeys(document.contents).map(({ key, at }) => ({ key, line: positionOf(at).line })),
  };
}

const unusable = (message: string): ParsedYaml => ({
  kind: 'syntax-error',
  line: 1,
  column: 1,
  message,
  cause: new TypeError(message),
  repeated: [],
});

/** Where a key stands, or the nearest one around it. */
function keyOffset(node: unknown, path: readonly string[]): number | undefined {
  const [key, ...rest] = path;
  if (key === undefined || !isMap(node)) return undefined;
  const pair = node.items.findLast((item) => String(item.key) === key);
  if (pair === undefined) return undefined;
  return keyOffset(pair.value, rest) ?? (pair.key as Node).range?.[0];
}

function repeatedKeys(node: unknown, path: readonly string[] = []): readonly { key: string; at: number }[] {
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap((pair) => {
    const key = String(pair.key);
    const own = seen.has(key)
      ? [{ key: [...path, key].join('.'), at: (pair.key as Node).range?.[0] ?? 0 }]
      : [];
    seen.add(key);
    return [...own, ...(isCollection(pair.value) ? repeatedKeys(pair.value, [...path, key]) : [])];
  });
}
