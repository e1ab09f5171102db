import type { KeyDescription, TokenDescription } from '../../simulators/index.ts';

/** A line for each token. */
export function renderTokenList(tokens: readonly TokenDescription[]): string {
  if (tokens.length === 0) return 'no tokens\n';
  const lines = tokens.map(({ label, serial, model, modulePath }) =>
    [label.padEnd(32), serial.padEnd(16), model.padEnd(16), modulePath].join('  '),
  );
  return `${lines.join('\n')}\n`;
}

/**
 * What a person needs to use a token, and the lines for config.toml of IoT Edge.
 *
 * @param pin printed where it belongs; else its file is named
 */
export function renderTokenDescription(
  token: TokenDescription,
  keys: readonly KeyDescription[],
  pin: string | undefined,
): string {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['token', token.label],
    ['serial', token.serial],
    ['manufacturer', `${token.manufacturer}, ${token.model}`],
    ['flags', token.flags.join(' ')],
    ['module', token.modulePath],
    ['SOFTHSM2_CONF', token.configuration],
    ['PIN file', token.pinFile],
  ];
  const lines = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd(14)} ${value}`],
  );
  return `${[...lines, ...keys.flatMap(renderKey), '', ...renderConfig(token, keys, pin)].join('\n')}\n`;
}

function renderKey({ uri, algorithm, custody }: KeyDescription): string[] {
  const { sensitive, extractable, neverExtractable, local, refusedRead } = custody;
  const flags = Object.entries({ sensitive, extractable, neverExtractable, local });
  return [
    '',
    `${'key'.padEnd(14)} ${uri}`,
    `${''.padEnd(14)} ${algorithm}; ${flags.map(([name, value]) => `${name} ${value ? 'yes' : 'no'}`).join(', ')}`,
    `${''.padEnd(14)} asked for the key itself, the token says ${refusedRead ?? 'what it is'}`,
  ];
}

/** @see IoT Edge 1.5, configure device: aziot-keyd takes the PIN in the URI, as pin-value */
function renderConfig(
  token: TokenDescription,
  keys: readonly KeyDescription[],
  pin: string | undefined,
): string[] {
  const access = `?pin-value=${pin ?? '<the PIN>'}`;
  const pair = keys.find(({ algorithm }) => algorithm === 'EC' || algorithm === 'RSA');
  const where = token.pinFile === undefined ? [] : [`# The PIN is in ${token.pinFile}`];
  return [
    '# config.toml of IoT Edge',
    ...(pin === undefined ? where : []),
    '[aziot_keys]',
    `pkcs11_lib_path = "${token.modulePath}"`,
    `pkcs11_base_slot = "pkcs11:token=${encodeURIComponent(token.label)}${access}"`,
    ...(pair === undefined
      ? []
      : ['', '[provisioning.attestation]', 'method = "x509"', `identity_pk = "${pair.uri}${access}"`]),
  ];
}
