import { ConfigError } from '../../kernel/errors.ts';
import type { LocatedDocument, Position } from '../../kernel/toml.ts';

/** Parameters of a cmdlet: their names, and whether they take a value. */
export type Parameters = Readonly<Record<string, 'value' | 'switch'>>;

interface Token extends Position {
  readonly kind: 'word' | 'parameter';
  /** Without quotes; of a parameter without its hyphen. */
  readonly text: string;
}

/**
 * Reads one command line of PowerShell and binds its arguments: names in any case, prefixes that are not ambiguous,
 * `-name value` and `-name:value`, quotes, a backtick at the end of a line.
 *
 * @param names of the cmdlet and its aliases; what stands before it is passed over
 * @returns the arguments by the names of the parameters, switches as `true`
 * @throws ConfigError in the words of PowerShell beside ours
 */
export function bindCommandLine(
  text: string,
  names: readonly string[],
  parameters: Parameters,
  file: string,
): LocatedDocument {
  const tokens = tokensAfter(text, names, file);
  const value: Record<string, unknown> = {};
  const places = new Map<string, Position>();
  const refuse = (token: Token, message: string, daemonSays: string, hint?: string): ConfigError =>
    new ConfigError(
      'CONFIG_VALUE',
      { file, ...place(token), key: token.text, message, daemonSays },
      { hint },
    );
  for (let next = tokens.shift(); next !== undefined; next = tokens.shift()) {
    if (next.kind === 'word') {
      const says = `A positional parameter cannot be found that accepts argument '${next.text}'.`;
      throw refuse({ ...next, text: '' }, 'stands there without a parameter name before it', says);
    }
    const name = findParameter(next, parameters, refuse);
    if (places.has(name)) {
      const says = `Cannot bind parameter because parameter '${name}' is specified more than once.`;
      throw refuse(next, 'is given twice', says);
    }
    places.set(name, place(next));
    if (parameters[name] === 'switch') {
      value[name] = true;
      continue;
    }
    const argument = tokens.shift();
    if (argument?.kind !== 'word') {
      throw refuse(next, 'has no value', `Missing an argument for parameter '${name}'.`);
    }
    if (/^[$@]/.test(argument.text)) {
      const hint = `Put the value in the place of ${argument.text}; nothing is executed here.`;
      throw refuse(
        next,
        'is a variable, whose value cannot be known',
        'nothing: it knows the variable',
        hint,
      );
    }
    value[name] = argument.text;
  }
  return { value, locate: ([name = '']) => places.get(name) ?? { line: 1, column: 1 } };
}

const place = ({ line, column }: Position): Position => ({ line, column });

function findParameter(
  token: Token,
  parameters: Parameters,
  refuse: (token: Token, message: string, daemonSays: string, hint?: string) => ConfigError,
): string {
  const written = token.text.toLowerCase();
  const names = Object.keys(parameters);
  const exact = names.find((name) => name.toLowerCase() === written);
  if (exact !== undefined) return exact;
  const [match, ...others] = names.filter((name) => name.toLowerCase().startsWith(written));
  if (match !== undefined && others.length === 0) return match;
  if (match !== undefined) {
    const matches = [match, ...others].map((name) => `-${name}`).join(' ');
    const says = `Parameter cannot be processed because the parameter name '${token.text}' is ambiguous. Possible matches include: ${matches}.`;
    throw refuse(token, `is the beginning of ${matches}`, says);
  }
  const says = `A parameter cannot be found that matches parameter name '${token.text}'.`;
  throw refuse(token, 'is no parameter, nor the beginning of one', says, `There are ${names.join(', ')}.`);
}

function tokensAfter(text: string, names: readonly string[], file: string): Token[] {
  const name = new RegExp(`(?<![\\w-])(${names.join('|')})(?![\\w-])`, 'i').exec(text);
  if (name === null) {
    throw new ConfigError('CONFIG_SYNTAX', { file, message: `has no ${names[0] ?? 'command'}` });
  }
  return tokenize(text, name.index + name[0].length, file);
}

/** Up to the end of the statement. */
function tokenize(text: string, from: number, file: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /(?:[ \t]|`\r?\n|<#[\s\S]*?#>)*(?:#[^\n]*)?/y;
  const item = /(-[A-Za-z]\w*:?)|"((?:[^"`]|`.|"")*)"|'((?:[^']|'')*)'|([^\s;|"'`]+)/y;
  for (let at = from; ; ) {
    pattern.lastIndex = at;
    pattern.exec(text);
    at = pattern.lastIndex;
    const char = text.charAt(at);
    if (char === '' || /[\r\n;|]/.test(char)) return tokens;
    item.lastIndex = at;
    const found = item.exec(text);
    const where = positionAt(text, at);
    if (found === null) {
      const hint = 'A quotation mark is probably missing.';
      throw new ConfigError('CONFIG_SYNTAX', { file, ...where, message: 'is no command line' }, { hint });
    }
    const [, parameter, double, single, bare] = found;
    const words =
      double?.replaceAll(/`(.)|""/g, (_, char: string | undefined) => char ?? '"') ??
      single?.replaceAll("''", "'");
    tokens.push(
      parameter === undefined
        ? { kind: 'word', text: words ?? bare ?? '', ...where }
        : { kind: 'parameter', text: parameter.slice(1).replace(/:$/, ''), ...where },
    );
    at = item.lastIndex;
  }
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
