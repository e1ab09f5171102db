import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';

/** A place in a text file; both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What a configuration file says, and where it says it. */
export interface LocatedDocument {
  readonly value: Readonly<Record<string, unknown>>;
  /** Of a key, or of the nearest table around it that is written down. */
  locate(path: readonly string[]): Position | undefined;
}

/** A document, or the place from which on the text is not one. */
export type ParsedText =
  | ({ readonly kind: 'document' } & LocatedDocument)
  | ({ readonly kind: 'syntax-error'; readonly message: string; readonly cause: Error } & Position);

/** Reads TOML and keeps positions, so that what is wrong can be said of a line. */
export function parseToml(text: string): ParsedText {
  try {
    const program = parseTOML(text);
    return {
      kind: 'document',
      value: getStaticTOMLValue(program),
      locate: (path) => locateKey(program, path),
    };
  } catch (cause) {
    if (!(cause instanceof ParseError)) throw cause;
    const { lineNumber: line, column, message } = cause;
    return { kind: 'syntax-error', line, column: column + 1, message, cause };
  }
}

function locateKey(program: AST.TOMLProgram, path: readonly string[]): Position | undefined {
  let best: ({ readonly depth: number } & Position) | undefined;
  const offer = (node: AST.TOMLNode, at: readonly string[]): void => {
    const depth = commonDepth(at, path);
    if (depth < at.length || depth <= (best?.depth ?? 0)) return;
    const { line, column } = node.loc.start;
    best = { depth, line, column: column + 1 };
  };
  const visit = (node: AST.TOMLNode, at: readonly string[]): void => {
    offer(node, at);
    switch (node.type) {
      case 'Program':
        for (const table of node.body) visit(table, []);
        break;
      case 'TOMLTopLevelTable':
      case 'TOMLInlineTable':
        for (const entry of node.body) visit(entry, at);
        break;
      case 'TOMLTable': {
        const own = node.resolvedKey.map(String);
        offer(node, own);
        for (const entry of node.body) visit(entry, own);
        break;
      }
      case 'TOMLKeyValue': {
        const own = [...at, ...node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))];
        offer(node, own);
        visit(node.value, own);
        break;
      }
      case 'TOMLArray':
        for (const [index, element] of node.elements.entries()) visit(element, [...at, String(index)]);
        break;
      default:
        break;
    }
  };
  visit(program, []);
  return best === undefined ? undefined : { line: best.line, column: best.column };
}

function commonDepth(a: readonly string[], b: readonly string[]): number {
  const different = a.findIndex((key, index) => key !== b[index]);
  return different === -1 ? a.length : different;
}
