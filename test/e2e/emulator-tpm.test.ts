import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningDps, startDps } from '../../simulators/index.ts';
import { fromBase64, toBase64, utf8 } from '../../simulators/kernel/bytes.ts';
import {
  activateIdentityKey,
  provisionTpm,
  signWithIdentityKey,
  type TpmIdentity,
} from '../../simulators/tpm/attestation.ts';
import { createTpmClient, type TpmClient } from '../../simulators/tpm/tpm-client.ts';
import { openSwtpmProcess, type SwtpmProcess } from '../../simulators/tpm/transports/swtpm-process.ts';
import { formatSasToken, sasSigningInput } from '../../simulators/wire/sas-token.ts';
import { openRaw, type RawAnswer, type RawConnection, requestText } from '../support/raw-https.ts';

const never = new AbortController().signal;

/** A real software TPM with its keys. */
interface Machine {
  readonly swtpm: SwtpmProcess;
  readonly client: TpmClient;
  readonly identity: TpmIdentity;
}

describe('TPM attestation with real software TPMs', () => {
  let dps: RunningDps;
  let machines: readonly Machine[];
  let ours: Machine;
  let theirs: Machine;
  let connection: RawConnection;

  beforeAll(async () => {
    dps = await startDps();
    machines = await Promise.all([startMachine(), startMachine()]);
    const [first, second] = machines;
    if (first === undefined || second === undefined) throw new Error('two were started');
    [ours, theirs] = [first, second];
  });
  afterAll(async () => {
    for (const { swtpm } of machines) await swtpm[Symbol.asyncDispose]();
    await dps[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await dps.control.reset();
    await dps.control.enroll([
      {
        registrationId: 'tpm-01',
        attestation: { type: 'tpm', tpm: { endorsementKey: toBase64(ours.identity.endorsementKey) } },
      },
    ]);
    connection = await openRaw(dps);
    return () => connection[Symbol.asyncDispose]();
  });

  const base = () => `/${dps.idScope}/registrations/tpm-01`;
  const register = (body: object, headers: Record<string, string> = {}): Promise<RawAnswer> =>
    connection.send(
      requestText('PUT', `${base()}/register?api-version=2021-06-01`, {
        body: JSON.stringify(body),
        headers,
      }),
    );
  const keysOf = ({ identity }: Machine) => ({
    endorsementKey: toBase64(identity.endorsementKey),
    storageRootKey: toBase64(identity.storageRootKey),
  });
  const tokenBy = async ({ client }: Machine): Promise<string> => {
    const sr = encodeURIComponent(`${dps.idScope}/registrations/tpm-01`);
    const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
    const signature = await signWithIdentityKey(client, utf8(sasSigningInput(sr, expirySeconds)), never);
    return formatSasToken({ sr, signature, expirySeconds, skn: 'registration' });
  };

  it('registers the TPM that can open the challenge, and gives it a hub key', async () => {
    const challenge = await register({ registrationId: 'tpm-01', tpm: keysOf(ours) });
    expect(challenge.status).toBe(401);
    expect(Object.keys(challenge.json)).toEqual([
      'message',
      'authenticationKey',
      'unencryptedAuthenticationKey',
      'keyName',
    ]);
    expect(challenge.json['keyName']).toBe('registration');
    await activateIdentityKey(ours.client, fromBase64(String(challenge.json['authenticationKey'])), never);
    const headers = { Authorization: await tokenBy(ours) };
    // aziot sends no `tpm` in the second request
    const accepted = await register({ registrationId: 'tpm-01' }, headers);
    expect(accepted.status).toBe(202);
    const path = `${base()}/operations/${String(accepted.json['operationId'])}?api-version=2021-06-01`;
    const done = await connection.send(requestText('GET', path, { headers }));
    expect(done.json['status']).toBe('assigned');
    const { tpm } = done.json['registrationState'] as { tpm: { authenticationKey: string } };
    await activateIdentityKey(ours.client, fromBase64(tpm.authenticationKey), never);
    // The hub key replaced the registration key: the device cannot register again without a new challenge.
    const again = await register({ registrationId: 'tpm-01' }, { Authorization: await tokenBy(ours) });
    expect(again.status).toBe(401);
    expect(again.json['errorCode']).toBe(401000);
  });

  it('gives no other TPM a challenge for the enrolled id', async () => {
    const answer = await register({ tpm: keysOf(theirs) });
    expect(answer.status).toBe(401);
    expect(answer.json['errorCode']).toBe(401002);
    expect(answer.json).not.toHaveProperty('authenticationKey');
  });

  it('makes challenges that no other TPM can open', async () => {
    const challenge = await register({ tpm: keysOf(ours) });
    const blob = fromBase64(String(challenge.json['authenticationKey']));
    await expect(activateIdentityKey(theirs.client, blob, never)).rejects.toMatchObject({
      name: 'TpmResponseError',
      command: 'TPM2_ActivateCredential',
    });
  });

  it('binds a challenge to the SRK that was sent: the EK alone does not open it', async () => {
    const mixed = { ...keysOf(ours), storageRootKey: keysOf(theirs).storageRootKey };
    const challenge = await register({ tpm: mixed });
    const blob = fromBase64(String(challenge.json['authenticationKey']));
    await expect(activateIdentityKey(ours.client, blob, never)).rejects.toMatchObject({
      code: 'TPM_RC_INTEGRITY',
      command: 'TPM2_ActivateCredential',
    });
  });

  it('refuses a token by the key of an older enrollment life', async () => {
    const challenge = await register({ tpm: keysOf(ours) });
    await activateIdentityKey(ours.client, fromBase64(String(challenge.json['authenticationKey'])), never);
    const headers = { Authorization: await tokenBy(ours) };
    expect((await register({}, headers)).status).toBe(202);
    await dps.control.reset();
    await dps.control.enroll([{ registrationId: 'tpm-01', attestation: { type: 'tpm', tpm: keysOf(ours) } }]);
    expect((await register({}, headers)).json['errorCode']).toBe(401000);
  });
});

async function startMachine(): Promise<Machine> {
  const swtpm = await openSwtpmProcess();
  const client = createTpmClient(swtpm);
  return { swtpm, client, identity: await provisionTpm(client) };
}
