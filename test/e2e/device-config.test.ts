import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishTpm, startDps } from '../../simulators/index.ts';
import { toBase64, utf8 } from '../../simulators/kernel/bytes.ts';
import { deviceKeyName } from '../../simulators/pkcs11/provision-token.ts';
import { openTestTokens, type TestTokens } from '../../simulators/pkcs11/testing/test-tokens.ts';
import { importSecretKey } from '../../simulators/pkcs11/token-objects.ts';
import type { StoredToken } from '../../simulators/pkcs11/token-store.ts';
import { formatPkcs11Uri, parsePkcs11Uri } from '../../simulators/pkcs11/uri.ts';
import { externalKeyOf } from '../../simulators/pki/external-key.ts';
import { createTestPki, type TestPki } from '../../simulators/pki/test-pki.ts';
import { openScratchDirectory, type ScratchDirectory } from '../../simulators/processes/scratch-directory.ts';
import { openSwtpmProcess } from '../../simulators/tpm/transports/swtpm-process.ts';
import { createRigProgram, type EndedProgram, type RigProgram } from '../support/rig-program.ts';

const key = utf8('the key of the device, 32 bytes.');
const dps = `[provisioning]
source = "dps"
global_endpoint = "https://global.azure-devices-provisioning.net"
id_scope = "0ne00ABCDEF"
`;
const manual = `[provisioning]
source = "manual"
iothub_hostname = "contoso.azure-devices.net"
device_id = "edge-01"
`;

/** What `--json` prints. */
interface Printed {
  readonly notices: readonly { readonly code: string }[];
  readonly result: {
    readonly kind: string;
    readonly assignedHub?: string;
    readonly deviceId?: string;
    readonly error?: { readonly code: string };
  };
  readonly modules: readonly string[];
  readonly steps: readonly { readonly step: string }[];
}

describe('a device by its configuration', () => {
  let rig: RigProgram;
  let files: ScratchDirectory;
  let tokens: TestTokens;
  let pki: TestPki;
  const keyToken = (): StoredToken => tokenWith('ec-p256');
  const secretToken = (): StoredToken => tokenWith('empty');

  beforeAll(async () => {
    tokens = await openTestTokens({ 'ec-p256': 1, empty: 1 });
    files = await openScratchDirectory({ name: 'device-config' });
    pki = await createTestPki();
    const [softHsm] = tokens.store.shards;
    rig = createRigProgram({ environment: { SOFTHSM2_CONF: softHsm?.configuration ?? '' } });
    const session = tokens.host.openSession(secretToken().keyUri);
    importSecretKey(session, key, { ...deviceKeyName, keep: true });
    session.close();
  });
  afterAll(async () => {
    await rig[Symbol.asyncDispose]();
    await files[Symbol.asyncDispose]();
    await tokens[Symbol.asyncDispose]();
  });

  const tokenWith = (content: StoredToken['content']): StoredToken =>
    tokens.tokens.find((token) => token.content === content) ??
    expect.unreachable(`no token with ${content}`);
  const put = async (name: string, content: string | Uint8Array): Promise<string> => {
    const path = join(files.path, name);
    await writeFile(path, content);
    return path;
  };
  const start = async (config: string, ...args: readonly string[]): Promise<EndedProgram> =>
    rig.run('device', '--fast', '--config', await put('config.toml', config), ...args);
  const provision = async (config: string, ...args: readonly string[]): Promise<Printed> => {
    const { exitCode, stdout, stderr } = await start(config, '--json', ...args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return JSON.parse(stdout) as Printed;
  };
  /** As IoT Edge writes it: the PIN in clear, and no module. */
  const edgeUri = ({ keyUri }: StoredToken): { readonly uri: string; readonly modulePath: string } => {
    const { token = '', object = '', pinSource = '', modulePath = '' } = parsePkcs11Uri(keyUri);
    const pinValue = readFileSync(new URL(pinSource), 'utf8').trim();
    return { uri: formatPkcs11Uri({ token, object, pinValue }), modulePath };
  };
  const softwareIdentity = async (commonName: string): Promise<string> => {
    const { chainPem, privateKeyPem } = await pki.issueDeviceCertificate({ commonName });
    const certificate = await put(`${commonName}.pem`, chainPem);
    const privateKey = await put(`${commonName}.key.pem`, privateKeyPem);
    return `identity_cert = "file://${certificate}"\nidentity_pk = "file://${privateKey}"\n`;
  };
  const tokenIdentity = async (commonName: string): Promise<{ identity: string; keys: string }> => {
    const { uri, modulePath } = edgeUri(keyToken());
    using held = tokens.host.openKey(keyToken().keyUri);
    const { chainPem } = await pki.certifyDeviceKey(externalKeyOf(held), { commonName });
    const certificate = await put('token.pem', chainPem);
    return {
      identity: `identity_cert = "file://${certificate}"\nidentity_pk = "${uri}"\n`,
      keys: `\n[aziot_keys]\npkcs11_lib_path = "${modulePath}"\n`,
    };
  };
  const symmetric = (source: string): string =>
    `${dps}\n[provisioning.attestation]\nmethod = "symmetric_key"\nregistration_id = "edge-01"\nsymmetric_key = ${source}\n`;
  const systemModules = ['$edgeAgent', '$edgeHub'];

  it('provisions with a symmetric key in the file, of every version', async () => {
    const config = symmetric(`{ value = "${toBase64(key)}" }`);
    for (const version of ['1.2', '1.4', '1.6']) {
      const { result, modules } = await provision(config, '--version', version);
      expect(result).toMatchObject({ kind: 'assigned', deviceId: 'edge-01' });
      expect(modules).toEqual(systemModules);
    }
  });

  it('provisions with a symmetric key in a file of its own', async () => {
    const path = await put('device.key', key);
    const { result, notices } = await provision(symmetric(`{ uri = "file://${path}" }`));
    expect(result.kind).toBe('assigned');
    expect(notices).toMatchObject([{ code: 'raw-key-file' }]);
  });

  it('is refused with a key file of base64 text, as the real device is', async () => {
    const path = await put('device.key', toBase64(key));
    const { exitCode, stdout } = await start(symmetric(`{ uri = "file://${path}" }`), '--json');
    const { result, notices } = JSON.parse(stdout) as Printed;
    expect(exitCode).toBe(4);
    expect(result).toMatchObject({ kind: 'error', error: { code: 'DPS_401000' } });
    expect(notices.map(({ code }) => code)).toContain('base64-key-file');
  });

  it('provisions with a symmetric key in a token, given its enrollment', async () => {
    const { uri, modulePath } = edgeUri(secretToken());
    const keyText = toBase64(key);
    const enrollments = await put(
      'enrollments.json',
      JSON.stringify([
        {
          registrationId: 'edge-01',
          attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: keyText, secondaryKey: keyText } },
        },
      ]),
    );
    const config = `${symmetric(`{ uri = "${uri}" }`)}\n[aziot_keys]\npkcs11_lib_path = "${modulePath}"\n`;
    const { result, steps } = await provision(config, '--enrollments', enrollments);
    expect(result.kind).toBe('assigned');
    expect(steps.map(({ step }) => step)).toContain('hsm.sign');
  });

  it('asks for the enrollment of a symmetric key that only its token knows', async () => {
    const { uri, modulePath } = edgeUri(secretToken());
    const config = `${symmetric(`{ uri = "${uri}" }`)}\n[aziot_keys]\npkcs11_lib_path = "${modulePath}"\n`;
    const { exitCode, stderr } = await start(config);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--enrollments');
  });

  it('provisions with a certificate in files, under its CN', async () => {
    const identity = await softwareIdentity('edge-cn');
    const config = `${dps}\n[provisioning.attestation]\nmethod = "x509"\n${identity}`;
    expect((await provision(config)).result).toMatchObject({ kind: 'assigned', deviceId: 'edge-cn' });
  });

  it('provisions with a certificate whose key is in a token', async () => {
    const { identity, keys } = await tokenIdentity('edge-01');
    const config = `${dps}\n[provisioning.attestation]\nmethod = "x509"\nregistration_id = "edge-01"\n${identity}${keys}`;
    const { result, steps } = await provision(config);
    expect(result).toMatchObject({ kind: 'assigned', deviceId: 'edge-01' });
    expect(steps.map(({ step }) => step)).toContain('C_Sign');
  });

  it('provisions with a certificate that has to be issued first', async () => {
    const config = `${dps}\n[provisioning.attestation]\nmethod = "x509"\nregistration_id = "edge-01"\n
[provisioning.attestation.identity_cert]\nmethod = "est"\ncommon_name = "edge-01"\n`;
    expect((await provision(config)).result).toMatchObject({ kind: 'assigned', deviceId: 'edge-01' });
  });

  it('provisions with a TPM, for which a software TPM stands in', async () => {
    const config = `${dps}\n[provisioning.attestation]\nmethod = "tpm"\nregistration_id = "edge-01"\n`;
    const { result, steps, modules } = await provision(config);
    expect(result.kind).toBe('assigned');
    expect(modules).toEqual(systemModules);
    expect(steps.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['challenge', 'tpm.activate', 'tpm.sign']),
    );
  });

  it.each(['swtpm', 'mssim'] as const)(
    'provisions with the empty TPM behind a %s string',
    async (protocol) => {
      await using swtpm = await openSwtpmProcess({ signal: AbortSignal.timeout(30_000) });
      await using bridge = await publishTpm({
        transport: swtpm,
        endpoints: [{ kind: 'tcp', protocol, port: 0 }],
        allowRemoteClients: false,
        onClientError: () => undefined,
      });
      const tcti = bridge.endpoints[0]?.tctiString ?? '';
      const config = `${dps}\n[provisioning.attestation]\nmethod = "tpm"\nregistration_id = "edge-01"\n\n[tpm]\ntcti = "${tcti}"\n`;
      const { result } = await provision(config);
      expect(result).toMatchObject({ kind: 'assigned', deviceId: 'edge-01' });
    },
  );

  it('leaves the registration id of an EFLOW device to its TPM', async () => {
    const { exitCode, stdout } = await rig.run(
      ...['device', '--fast', '--json', '--config'],
      await put('command.ps1', 'Provision-EflowVm -prov DpsTpm -scope 0ne00ABCDEF\n'),
    );
    expect(exitCode).toBe(0);
    expect((JSON.parse(stdout) as Printed).result.deviceId).toMatch(/^[a-z2-7]{52}$/);
  });

  it('connects with a connection string, of both generations', async () => {
    const text = `HostName=contoso.azure-devices.net;DeviceId=edge-01;SharedAccessKey=${toBase64(key)}`;
    const path = await put('connection.txt', text);
    for (const version of ['1.1', '1.5']) {
      const { exitCode, stdout } = await rig.run('device', '--json', '--config', path, '--version', version);
      expect(exitCode).toBe(0);
      const expected = { kind: 'assigned', assignedHub: 'contoso.azure-devices.net', deviceId: 'edge-01' };
      expect((JSON.parse(stdout) as Printed).result).toEqual(expected);
    }
  });

  it('connects with a symmetric key without DPS', async () => {
    const config = `${manual}\n[provisioning.authentication]\nmethod = "sas"\ndevice_id_pk = { value = "${toBase64(key)}" }\n`;
    const { result, modules } = await provision(config);
    expect(result).toMatchObject({ kind: 'assigned', assignedHub: 'contoso.azure-devices.net' });
    expect(modules).toEqual(systemModules);
  });

  it('connects with a certificate without DPS, in files and in a token', async () => {
    const table = '\n[provisioning.authentication]\nmethod = "x509"\n';
    const { identity, keys } = await tokenIdentity('edge-01');
    for (const config of [
      `${manual}${table}${await softwareIdentity('edge-01')}`,
      `${manual}${table}${identity}${keys}`,
    ]) {
      expect((await provision(config)).result).toMatchObject({ kind: 'assigned', deviceId: 'edge-01' });
    }
  });

  it('runs the example of the documentation', async () => {
    const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    const example = /```toml\n([^`]+)```/.exec(page)?.[1] ?? expect.unreachable('no example');
    expect((await provision(example)).result).toMatchObject({ kind: 'assigned', deviceId: 'edge-01' });
  });

  it('registers with an emulator that runs and knows the device', async () => {
    await using dps = await startDps({ idScope: '0ne00ABCDEF' });
    const keyText = toBase64(key);
    const symmetricKey = { primaryKey: keyText, secondaryKey: keyText };
    await dps.control.enroll([
      { registrationId: 'edge-01', attestation: { type: 'symmetricKey', symmetricKey } },
    ]);
    const config = symmetric(`{ value = "${keyText}" }`);
    const { result } = await provision(config, '--endpoint', dps.management.url);
    expect(result.kind).toBe('assigned');
    expect(await dps.control.registrations()).toMatchObject([
      { registrationId: 'edge-01', status: 'assigned' },
    ]);
  });

  it('names file, line and key of what is wrong, and what the device would say', async () => {
    const config = `${manual}\n[provisioning.authentication]\nmethod = "symmetric_key"\n`;
    const { exitCode, stderr } = await start(config);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('config.toml:7:1: provisioning.authentication.method:');
    expect(stderr).toContain('data did not match any variant of untagged enum ManualProvisioning');
  });

  it('does nothing but read and explain in a dry run, and prints no secret', async () => {
    const { exitCode, stdout } = await start(symmetric(`{ value = "${toBase64(key)}" }`), '--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('api-version 2021-06-01');
    expect(stdout).not.toContain('it does');
    expect(stdout).not.toContain(toBase64(key));
  });
});
