import { once } from 'node:events';
import { type ConnectionOptions, connect, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestPki, type RunningDps, startDps, type TestPki } from '../../simulators/index.ts';
import { openRaw, requestText, sendOnce } from '../support/raw-https.ts';

describe('client certificates over TLS', () => {
  let dps: RunningDps;
  let pki: TestPki;
  let strangers: TestPki;

  beforeAll(async () => {
    [pki, strangers] = await Promise.all([
      createTestPki({ name: 'ours' }),
      createTestPki({ name: 'theirs' }),
    ]);
    dps = await startDps();
    await dps.control.enroll([
      {
        enrollmentGroupId: 'fleet',
        attestation: {
          type: 'x509',
          x509: { signingCertificates: { primary: { certificate: pki.bundle.rootPem } } },
        },
      },
    ]);
  });
  afterAll(async () => {
    await dps[Symbol.asyncDispose]();
  });

  const pathOf = (id: string, rest = '/register') =>
    `/${dps.idScope}/registrations/${id}${rest}?api-version=2021-06-01`;
  const registerText = (id: string) => requestText('PUT', pathOf(id), { body: '{}' });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('register a device over %s', async (version) => {
    const issued = await pki.issueDeviceCertificate({ commonName: 'dev-01' });
    const tls = {
      cert: issued.chainPem,
      key: issued.privateKeyPem,
      minVersion: version,
      maxVersion: version,
    };
    await using connection = await openRaw(dps, tls);
    expect(connection.socket.getProtocol()).toBe(version);
    const accepted = await connection.send(registerText('dev-01'));
    expect(accepted.status).toBe(202);
    const operationPath = pathOf('dev-01', `/operations/${String(accepted.json['operationId'])}`);
    const done = await connection.send(requestText('GET', operationPath));
    expect(done.json).toMatchObject({
      status: 'assigned',
      registrationState: {
        x509: { enrollmentGroupId: 'fleet', certificateInfo: { subjectName: 'CN=dev-01' } },
      },
    });
  });

  it.each<readonly [string, () => Promise<ConnectionOptions>, string]>([
    ['no certificate', () => Promise.resolve({}), 'Unauthorized'],
    [
      'a chain without its intermediate',
      async () => {
        const issued = await pki.issueDeviceCertificate({ commonName: 'dev-01' });
        return { cert: issued.certificatePem, key: issued.privateKeyPem };
      },
      'CA certificate not found',
    ],
    [
      'a chain of another CA',
      async () => {
        const issued = await strangers.issueDeviceCertificate({ commonName: 'dev-01' });
        return { cert: issued.chainPem, key: issued.privateKeyPem };
      },
      'CA certificate not found',
    ],
    [
      'an expired certificate',
      async () => {
        const notBefore = new Date(Date.now() - 172_800_000);
        const notAfter = new Date(Date.now() - 86_400_000);
        const issued = await pki.issueDeviceCertificate({ commonName: 'dev-01', notBefore, notAfter });
        return { cert: issued.chainPem, key: issued.privateKeyPem };
      },
      'Invalid certificate.',
    ],
    [
      'a CN that is not the id',
      async () => {
        const issued = await pki.issueDeviceCertificate({ commonName: 'dev-02' });
        return { cert: issued.chainPem, key: issued.privateKeyPem };
      },
      'Invalid certificate.',
    ],
  ])('are refused: %s', async (_what, options, message) => {
    const answer = await sendOnce(dps, registerText('dev-01'), await options());
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject({ errorCode: 401002, message });
  });

  it('take a chain that is not in order', async () => {
    const issued = await pki.issueDeviceCertificate({ commonName: 'dev-03', issuer: 'intermediate' });
    const cert =
      issued.certificatePem + strangers.bundle.rootPem + pki.bundle.rootPem + pki.bundle.intermediatePem;
    const answer = await sendOnce(dps, registerText('dev-03'), { cert, key: issued.privateKeyPem });
    expect(answer.status).toBe(202);
  });

  it('do not let a device in by the certificate of another without its key', async () => {
    const mine = await pki.issueDeviceCertificate({ commonName: 'dev-04' });
    const victim = await pki.issueDeviceCertificate({ commonName: 'dev-05' });
    // OpenSSL would not even load the pair: what can be sent is the victim's certificate as a mere part of the chain.
    const cert = mine.certificatePem + victim.certificatePem + pki.bundle.intermediatePem;
    const answer = await sendOnce(dps, registerText('dev-05'), { cert, key: mine.privateKeyPem });
    expect(answer.status).toBe(401);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'are asked for on every %s connection: no session of another is resumed',
    async (version) => {
      const issued = await pki.issueDeviceCertificate({ commonName: 'dev-06' });
      const common = {
        host: dps.https.address,
        port: dps.https.port,
        servername: dps.https.hostName,
        ca: dps.caPem,
      };
      const limits = { minVersion: version, maxVersion: version };
      const first = connect({ ...common, ...limits, cert: issued.chainPem, key: issued.privateKeyPem });
      const sessions: Buffer[] = [];
      first.on('session', (session: Buffer) => sessions.push(session));
      await once(first, 'secureConnect');
      first.end(requestText('PUT', pathOf('dev-06'), { body: '{}', headers: { Connection: 'close' } }));
      first.resume();
      await once(first, 'close');
      const [kept] = [...sessions, first.getSession()].filter((session) => session !== undefined);
      expect(kept).toBeDefined();
      await using second = await openRaw(dps, {
        ...limits,
        ...(kept === undefined ? {} : { session: kept }),
      });
      expect(second.socket.isSessionReused()).toBe(false);
      expect((await second.send(registerText('dev-06'))).status).toBe(401);
    },
  );

  it('count for nothing when a SAS token comes along: that must hold by itself', async () => {
    const issued = await pki.issueDeviceCertificate({ commonName: 'dev-07' });
    const headers = { Authorization: 'SharedAccessSignature sr=x&sig=eA==&se=9999999999' };
    const request = requestText('PUT', pathOf('dev-07'), { body: '{}', headers });
    const answer = await sendOnce(dps, request, { cert: issued.chainPem, key: issued.privateKeyPem });
    expect(answer.status).toBe(401);
    expect(answer.json['errorCode']).toBe(401000);
  });

  it.each([
    'global.azure-devices-provisioning.net',
    'my-dps.azure-devices-provisioning.net',
    'hub-1.azure-devices.net',
    'localhost',
  ])('meet a server certificate for %s', async (servername) => {
    await using connection = await openRaw(dps, { servername });
    expect(connection.socket).toBeInstanceOf(TLSSocket);
    expect(connection.socket.authorized).toBe(true);
  });

  it('meet a server certificate for the address', async () => {
    const { address, port } = dps.https;
    const socket = connect({ host: address, port, ca: dps.caPem });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });
});
