import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createLabelled, docker, healthy, runContainer, startContainer } from './docker.ts';

describe.skipIf(inject('noContainers') !== '')('the image softhsm', () => {
  let socket: Awaited<ReturnType<typeof createLabelled>>;
  beforeEach(async () => {
    socket = await createLabelled('volume');
  });
  afterEach(() => socket[Symbol.asyncDispose]());

  const startTokens = async (...args: readonly string[]) => {
    const tokens = await startContainer(
      ...['--network', 'none', '--volume', `${socket.name}:/run/p11-kit`, ...args, 'dps-rig/softhsm'],
    );
    await healthy(tokens.id);
    return tokens;
  };
  /** In another container without a network: the socket on the volume is the only way. */
  const use = (script: string) =>
    runContainer(
      ...['--network', 'none', '--volume', `${socket.name}:/run/p11-kit`, 'dps-rig/tools', 'bash', '-ec'],
      `p11() { pkcs11-tool --module /usr/local/lib/p11-kit-client.so "$@"; }; ${script}`,
    );

  it('lets pkcs11-tool in another container make a key that signs, on the token that it names', async () => {
    await using _tokens = await startTokens(
      '--env',
      'TOKEN_COUNT=3',
      '--env',
      'TOKEN_LABEL=unit',
      '--env',
      'TOKEN_USER_PIN=5678',
    );
    const { exitCode, stdout, stderr } = await use(`
      login='--token-label unit-2 --login --pin 5678'
      p11 $login --keypairgen --key-type EC:prime256v1 --id 07 >/dev/null
      p11 --token-label unit-2 --read-object --type pubkey --id 07 --output-file key.der
      echo hello >data; openssl dgst -sha256 -binary data >digest
      p11 $login --sign --mechanism ECDSA --id 07 --signature-format openssl --input-file digest --output-file sig
      openssl dgst -sha256 -verify key.der -keyform DER -signature sig data
      p11 --list-slots | grep 'token label'`);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toContain('Verified OK');
    expect(stdout.match(/unit-\d/g)?.toSorted()).toEqual(['unit-0', 'unit-1', 'unit-2']);
  });

  it('takes PINs from files and lets nobody in with another', async () => {
    await using secrets = await createLabelled('volume');
    const volume = `${secrets.name}:/secrets`;
    await docker(
      'run',
      '--rm',
      '--user',
      '0',
      '--volume',
      volume,
      'dps-rig/tools',
      'sh',
      '-c',
      'echo 24680 >/secrets/pin',
    );
    await using _tokens = await startTokens(
      '--volume',
      `${volume}:ro`,
      '--env',
      'TOKEN_USER_PIN_FILE=/secrets/pin',
    );
    const right = await use('p11 --login --pin 24680 --list-objects');
    expect(right.exitCode, right.stderr).toBe(0);
    const wrong = await use('p11 --login --pin 13579 --list-objects');
    expect(wrong.exitCode).not.toBe(0);
    expect(wrong.stderr).toContain('CKR_PIN_INCORRECT');
  });

  it('starts with no PIN that everybody knows', async () => {
    const { exitCode, stderr } = await runContainer('dps-rig/softhsm');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('TOKEN_USER_PIN');
  });
});
