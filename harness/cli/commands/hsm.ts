import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type CachedToken,
  describeKeys,
  describeTokens,
  ensureTokens,
  openScratchDirectory,
  openTokenStore,
  type TokenContent,
  type TokenDescription,
} from '../../../simulators/index.ts';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { renderTokenDescription, renderTokenList } from '../hsm-text.ts';

interface SourceOptions {
  readonly directory?: string;
  readonly module?: string;
  readonly json?: true;
}

interface InfoOptions extends SourceOptions {
  readonly token?: string;
  readonly pinFile?: string;
  readonly showPin?: true;
}

interface ProvisionOptions {
  readonly directory: string;
  readonly count: number;
  readonly keys: TokenContent;
  readonly json?: true;
}

/** `dps-rig hsm info|list|provision`: tokens for outside programs, and what IoT Edge needs to be told of them. */
export function addHsmCommand(program: Command): void {
  const hsm = program.command('hsm').description('make PKCS#11 tokens for outside programs, or look at some');

  addSourceOptions(hsm.command('info').description('print what config.toml of IoT Edge needs for a token'))
    .option('--token <label>', 'which token (default: the only one)')
    .option('--pin-file <file>', 'the file with its PIN; of tokens made here it is known')
    .option('--show-pin', 'print the PIN where it belongs')
    .action(info);

  addSourceOptions(hsm.command('list').description('list tokens')).action(list);

  hsm
    .command('provision')
    .description('make SoftHSM tokens with new keys in a directory')
    .requiredOption('--directory <directory>', 'where; made when missing')
    .option('--count <n>', 'how many', parseCount, 1)
    .addOption(
      new Option('--keys <algorithm>', 'the key pair in each, or none')
        .choices(['ec-p256', 'rsa-2048', 'empty'])
        .default('ec-p256'),
    )
    .option('--json', 'print JSON')
    .action(provision);
}

function addSourceOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--directory <directory>', 'tokens that `hsm provision` made there').conflicts('module'),
    )
    .option('--module <path>', 'any PKCS#11 module; for SoftHSM set SOFTHSM2_CONF')
    .option('--json', 'print JSON');
}

function list(options: SourceOptions): void {
  const tokens = tokensOf(options);
  write(options, tokens, () => renderTokenList(tokens));
}

function info(options: InfoOptions): void {
  const found = chooseToken(tokensOf(options), options.token);
  const token = options.pinFile === undefined ? found : { ...found, pinFile: resolve(options.pinFile) };
  const keys = token.pinFile === undefined ? [] : describeKeys(token);
  const pin =
    options.showPin && token.pinFile !== undefined
      ? readFileSync(token.pinFile, 'utf8').replace(/\r?\n$/, '')
      : undefined;
  write(options, { ...token, keys }, () => renderTokenDescription(token, keys, pin));
}

/** Keys of its own, never those of the cache: two directories must not hold the same device. */
async function provision({ directory, count, keys, json }: ProvisionOptions): Promise<void> {
  const path = resolve(directory);
  if (existsSync(path)) {
    throw new UsageError(`${path} exists already`, { hint: 'Name a directory that is not there.' });
  }
  await using images = await openScratchDirectory({ name: 'hsm-provision' });
  const made = await ensureTokens({
    counts: { [keys]: count },
    cacheDirectory: images.path,
    signal: new AbortController().signal,
  });
  const tokens: readonly CachedToken[] = made[keys];
  await using _store = await openTokenStore({ directory: path, tokens });
  const described = describeTokens({ directory: path });
  write({ json }, described, () => renderTokenList(described));
}

function tokensOf({ directory, module }: SourceOptions): readonly TokenDescription[] {
  if (directory !== undefined) return describeTokens({ directory: resolve(directory) });
  if (module !== undefined) return describeTokens({ modulePath: resolve(module) });
  throw new UsageError('neither --directory nor --module was given', {
    hint: 'Make tokens first: dps-rig hsm provision --directory ./tokens',
  });
}

function chooseToken(tokens: readonly TokenDescription[], label: string | undefined): TokenDescription {
  const fitting = label === undefined ? tokens : tokens.filter((token) => token.label === label);
  const [token, another] = fitting;
  if (token !== undefined && another === undefined) return token;
  const which = label === undefined ? '' : ` with the label ${label}`;
  throw new UsageError(`there are ${fitting.length} tokens${which}`, {
    hint: 'Name one with --token; `dps-rig hsm list` shows them.',
  });
}

function write({ json }: { readonly json?: true | undefined }, value: unknown, render: () => string): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : render());
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 100_000) return count;
  throw new InvalidArgumentError('a whole number from 1 to 100,000');
}
