import { randomBytes } from 'node:crypto';
import https from 'node:https';
import { Http as HttpBase, RestApiClient } from 'azure-iot-http-base';
import { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestPki } from '../../simulators/index.ts';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';

/** The client gives whatever came; this is what the tests read of it. */
interface Enrolled {
  readonly registrationId: string;
  readonly etag: string;
  readonly provisioningStatus: string;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly attestation: {
    readonly symmetricKey?: { readonly primaryKey?: string; readonly secondaryKey?: string };
    readonly x509?: unknown;
  };
}
const bodyOf = <T = Enrolled>(result: unknown): T => (result as { responseBody: T }).responseBody;

const symmetric = (registrationId: string) => ({ registrationId, attestation: { type: 'symmetricKey' } });

/**
 * The official Node service client, as its package comes from the registry, against `dps-rig emulate` in a process of its
 * own. All that is set is which port to dial and whom to trust.
 */
describe('the unmodified official service client against dps-rig emulate', () => {
  let emulator: EmulatorProcess;
  let client: ProvisioningServiceClient;
  const agents: https.Agent[] = [];

  beforeAll(async () => {
    emulator = await startEmulatorProcess('--no-development-group', '--policy', 'reader=EnrollmentRead');
    client = connect(emulator.serviceConnectionString);
  });
  afterAll(async () => {
    for (const agent of agents) agent.destroy();
    await emulator[Symbol.asyncDispose]();
  });
  beforeEach(() => emulator.control.reset());

  function connect(connectionString: string): ProvisioningServiceClient {
    const agent = new https.Agent({ port: emulator.https.port, keepAlive: true, maxSockets: 4 });
    agents.push(agent);
    const base = new HttpBase();
    base.setOptions({ ca: emulator.caPem, http: { agent } } as Parameters<HttpBase['setOptions']>[0]);
    const official = ProvisioningServiceClient.fromConnectionString(connectionString);
    // The client has no setting for a port, its transport has one.
    const { _restApiClient: transport } = official as unknown as { _restApiClient: { _config: unknown } };
    const config = transport._config as ConstructorParameters<typeof RestApiClient>[0];
    const rest = new RestApiClient(config, 'interop/1.0', base);
    return new ProvisioningServiceClient(
      config as unknown as ConstructorParameters<typeof ProvisioningServiceClient>[0],
      rest as unknown as ConstructorParameters<typeof ProvisioningServiceClient>[1],
    );
  }

  const put = async (enrollment: object): Promise<Enrolled> =>
    bodyOf(await client.createOrUpdateIndividualEnrollment(enrollment as never));
  const get = async (id: string): Promise<Enrolled> => bodyOf(await client.getIndividualEnrollment(id));

  /** The client settles no promise here, it only calls back. */
  const bulk = (mode: string, enrollments: readonly object[]): Promise<unknown> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    client.runBulkEnrollmentOperation({ mode, enrollments } as never, (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
    return promise;
  };

  async function allIds(pageSize: number): Promise<readonly string[][]> {
    const query = client.createIndividualEnrollmentQuery({ query: 'SELECT * FROM enrollments' }, pageSize);
    const pages: string[][] = [];
    while (query.hasMoreResults) {
      // Without the token its promise form begins again: only the callback form remembers.
      const page = bodyOf<Enrolled[]>(await query.next(query.continuationToken));
      pages.push(page.map(({ registrationId }) => registrationId));
    }
    return pages;
  }

  it('creates an enrollment with keys made by the service, and reads it without them', async () => {
    const created = await put(symmetric('made'));
    const { primaryKey = '', secondaryKey = '' } = created.attestation.symmetricKey ?? {};
    expect(Buffer.from(primaryKey, 'base64')).toHaveLength(64);
    expect(secondaryKey).not.toBe(primaryKey);
    expect(created).toMatchObject({ registrationId: 'made', provisioningStatus: 'enabled' });
    expect((await get('made')).attestation.symmetricKey).toEqual({});
    const mechanism = await client.getIndividualEnrollmentAttestationMechanism('made');
    expect(bodyOf(mechanism)).toEqual({
      type: 'symmetricKey',
      symmetricKey: { primaryKey, secondaryKey },
    });
  });

  it('updates what it read, and is told when somebody else was faster', async () => {
    const created = await put(symmetric('changed'));
    const updated = await put({ ...(await get('changed')), provisioningStatus: 'disabled' });
    expect(updated.etag).not.toBe(created.etag);
    expect(updated).toMatchObject({
      provisioningStatus: 'disabled',
      createdDateTimeUtc: created.createdDateTimeUtc,
      attestation: created.attestation,
    });
    await expect(put({ ...created, provisioningStatus: 'enabled' })).rejects.toMatchObject({
      name: 'InvalidEtagError',
    });
    await expect(client.deleteIndividualEnrollment('changed', created.etag)).rejects.toMatchObject({
      name: 'InvalidEtagError',
    });
    await client.deleteIndividualEnrollment(updated as never);
    await expect(get('changed')).rejects.toMatchObject({ response: { statusCode: 404 } });
  });

  it('is told that an enrollment exists already', async () => {
    await put(symmetric('twice'));
    await expect(put(symmetric('TWICE'))).rejects.toMatchObject({ response: { statusCode: 409 } });
  });

  it('is told that there is no such enrollment, group or registration', async () => {
    const missing = { response: { statusCode: 404 } };
    await expect(get('nobody')).rejects.toMatchObject(missing);
    await expect(client.deleteIndividualEnrollment('nobody')).rejects.toMatchObject(missing);
    await expect(client.getEnrollmentGroup('nobody')).rejects.toMatchObject(missing);
    await expect(client.getDeviceRegistrationState('nobody')).rejects.toMatchObject(missing);
  });

  it('is refused with a key that is not the policy’s', async () => {
    const other = emulator.serviceConnectionString.replace(
      /SharedAccessKey=.*$/,
      `SharedAccessKey=${randomBytes(32).toString('base64')}`,
    );
    await expect(connect(other).getIndividualEnrollment('any')).rejects.toMatchObject({
      name: 'UnauthorizedError',
    });
    expect((await emulator.control.requests()).at(-1)).toMatchObject({ status: 401, errorCode: 401002 });
  });

  it('creates a group, updates its X.509 attestation from what it read, and deletes it', async () => {
    const pki = await createTestPki({ name: 'service client' });
    const certificate = pki.bundle.rootPem;
    const x509 = { signingCertificates: { primary: { certificate } } };
    const group = { enrollmentGroupId: 'fleet', attestation: { type: 'x509', x509 } };
    const created = bodyOf(await client.createOrUpdateEnrollmentGroup(group as never));
    expect(created.attestation.x509).toMatchObject({
      signingCertificates: { primary: { info: { version: 3 } }, secondary: null },
    });
    const updated = bodyOf(await client.createOrUpdateEnrollmentGroup(created as never));
    expect(updated.attestation).toEqual(created.attestation);
    const query = client.createEnrollmentGroupQuery({ query: 'SELECT * FROM enrollmentGroups' });
    expect(bodyOf(await query.next())).toMatchObject([{ enrollmentGroupId: 'fleet' }]);
    await client.deleteEnrollmentGroup(updated as never);
    expect(await emulator.control.enrollments()).toEqual([]);
  });

  it('creates, queries and deletes 1,000 enrollments, ten at a time', async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `bulk-${String(index).padStart(4, '0')}`);
    const tens = Array.from({ length: 100 }, (_, index) => ids.slice(index * 10, index * 10 + 10));
    for (const ten of tens) {
      expect(await bulk('create', ten.map(symmetric))).toEqual({ isSuccessful: true, errors: [] });
    }
    const pages = await allIds(300);
    expect(pages.map(({ length }) => length)).toEqual([300, 300, 300, 100]);
    expect(pages.flat()).toEqual(ids);
    for (const ten of tens) {
      expect(await bulk('delete', ten.map(symmetric))).toEqual({ isSuccessful: true, errors: [] });
    }
    expect(await allIds(300)).toEqual([[]]);
  });

  it('is told which items of a bulk operation failed, and that eleven are too many', async () => {
    await put(symmetric('there'));
    expect(await bulk('create', [symmetric('there'), symmetric('new')])).toMatchObject({
      isSuccessful: false,
      errors: [{ registrationId: 'there', errorCode: 409201 }],
    });
    expect((await get('new')).registrationId).toBe('new');
    const eleven = Array.from({ length: 11 }, (_, index) => symmetric(`many-${index}`));
    await expect(bulk('create', eleven)).rejects.toMatchObject({ response: { statusCode: 400 } });
  });

  it('may do with a policy what its rights allow, and meets 401 for the rest', async () => {
    await put(symmetric('dev-1'));
    const reader = connect(emulator.policyConnectionStrings['reader'] ?? '');
    const got = await reader.getIndividualEnrollment('dev-1');
    expect(bodyOf(got)).toMatchObject({ registrationId: 'dev-1' });
    await expect(reader.deleteIndividualEnrollment('dev-1')).rejects.toMatchObject({
      response: { statusCode: 401 },
    });
    await expect(reader.getDeviceRegistrationState('dev-1')).rejects.toMatchObject({
      response: { statusCode: 401 },
    });
    expect(await emulator.control.enrollments()).toHaveLength(1);
  });
});
