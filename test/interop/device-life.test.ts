import { createHmac, randomBytes } from 'node:crypto';
import https from 'node:https';
import { Client, Message } from 'azure-iot-device';
import { Http as DeviceHttp } from 'azure-iot-device-http';
import { Http as HttpBase, RestApiClient } from 'azure-iot-http-base';
import sdk from 'azure-iot-provisioning-device'; // CommonJS: Node finds only some of its names
import { Http } from 'azure-iot-provisioning-device-http';
import { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { X509Security } from 'azure-iot-security-x509';
import { Registry } from 'azure-iothub';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestPki, type TestPki } from '../../simulators/index.ts';
import { provisionTpm } from '../../simulators/tpm/attestation.ts';
import { createAzureTpmSecurityClient } from '../../simulators/tpm/azure-tpm/security-client.ts';
import { createTpmClient } from '../../simulators/tpm/tpm-client.ts';
import { openSwtpmProcess } from '../../simulators/tpm/transports/swtpm-process.ts';
import { formatSasToken, sasSigningInput } from '../../simulators/wire/sas-token.ts';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';

interface RegistrationState {
  readonly status: string;
  readonly substatus: string;
  readonly deviceId: string;
  readonly assignedHub: string;
}

/** What one attestation brings to the script. */
interface Subject {
  readonly registrationId: string;
  /** In the JSON of the service API; a group where it has an `enrollmentGroupId`. */
  readonly enrollment: {
    readonly registrationId?: string;
    readonly enrollmentGroupId?: string;
    readonly attestation: object;
  };
  readonly security: unknown;
  readonly authType: 'sas' | 'selfSigned';
  /** A device client for that hub, with what the device holds now. */
  readonly connect: (hub: string) => Promise<Client>;
}

const [one, two] = ['hub-1.azure-devices.net', 'hub-2.azure-devices.net'];

/**
 * The script of a device's life, played by the official packages as they come from the registry against `dps-rig emulate` in
 * a process of its own. All that is set is which address and port to dial and whom to trust.
 */
describe('the life of a device, by the unmodified official packages', () => {
  let emulator: EmulatorProcess;
  let pki: TestPki;
  let service: ProvisioningServiceClient;
  const agents: https.Agent[] = [];

  beforeAll(async () => {
    emulator = await startEmulatorProcess('--retry-after', '0', '--no-development-group');
    pki = await createTestPki({ name: 'life' });
    service = connectService();
  });
  afterAll(async () => {
    for (const agent of agents) agent.destroy();
    await emulator[Symbol.asyncDispose]();
  });
  beforeEach(() => emulator.control.reset());

  /** Leads to the emulator whatever name is dialled; the name stays in SNI and Host. */
  function agent(): https.Agent {
    const { address, port } = emulator.https;
    const lookup: https.AgentOptions['lookup'] = (_name, { all }, found) => {
      if (all) found(null, [{ address, family: 4 }]);
      else found(null, address, 4);
    };
    const made = new https.Agent({ lookup, port, ca: emulator.caPem });
    agents.push(made);
    return made;
  }
  function base(): HttpBase {
    const http = new HttpBase();
    http.setOptions({ http: { agent: agent() } });
    return http;
  }

  /** Clients that have no setting for an agent have a transport that has one. */
  function restClient(official: unknown, http: HttpBase): readonly [never, never] {
    const { _restApiClient: transport } = official as { _restApiClient: { _config: unknown } };
    const config = transport._config as ConstructorParameters<typeof RestApiClient>[0];
    return [config as never, new RestApiClient(config, 'interop/1.0', http) as never];
  }
  function connectService(): ProvisioningServiceClient {
    const official = ProvisioningServiceClient.fromConnectionString(emulator.serviceConnectionString);
    return new ProvisioningServiceClient(...restClient(official, base()));
  }
  function registryOf(hub: string): Registry {
    const http = base();
    const official = Registry.fromConnectionString(emulator.hubConnectionStrings[hub] ?? '');
    const registry = new Registry(...restClient(official, http));
    http.setOptions({ http: { agent: agent() } }); // its constructor has set an agent of its own
    return registry;
  }

  /** Creates it, or with the etag of the one before changes it. @returns what is stored then */
  async function put(enrollment: Subject['enrollment'] & object): Promise<Subject['enrollment']> {
    const { responseBody } =
      enrollment.enrollmentGroupId === undefined
        ? await service.createOrUpdateIndividualEnrollment(enrollment as never)
        : await service.createOrUpdateEnrollmentGroup(enrollment as never);
    return responseBody;
  }
  const remove = async ({ registrationId, enrollmentGroupId }: Subject['enrollment']): Promise<void> => {
    if (enrollmentGroupId === undefined) await service.deleteIndividualEnrollment(registrationId ?? '');
    else await service.deleteEnrollmentGroup(enrollmentGroupId);
  };

  async function register(security: unknown): Promise<RegistrationState> {
    const client = sdk.ProvisioningDeviceClient.create(
      'global.azure-devices-provisioning.net',
      emulator.idScope,
      new Http(base()),
      security as Parameters<typeof sdk.ProvisioningDeviceClient.create>[3],
    );
    const answer = (await client.register()) as unknown as RegistrationState & {
      registrationState?: RegistrationState;
    };
    return answer.registrationState ?? answer;
  }

  async function send({ connect }: Subject, hub: string): Promise<void> {
    const client = await connect(hub);
    try {
      await client.sendEvent(new Message('{"temperature":21}'));
    } finally {
      await client.close();
    }
  }

  /** The SDK's HTTP transport on our agent. */
  const transport = (extra: object = {}) => {
    const http = base();
    const Transport = DeviceHttp as unknown as new (provider: unknown, http: HttpBase) => object;
    class OnAgent extends Transport {
      constructor(provider: unknown) {
        super(provider, http);
        http.setOptions({ http: { agent: agent() }, ...extra });
      }
    }
    return OnAgent as never;
  };
  const byKey = (registrationId: string, key: string) => (hub: string) =>
    Promise.resolve(
      Client.fromConnectionString(
        `HostName=${hub};DeviceId=${registrationId};SharedAccessKey=${key}`,
        transport(),
      ),
    );
  const byCertificate = (registrationId: string, x509: { cert: string; key: string }) => (hub: string) => {
    const client = Client.fromConnectionString(
      `HostName=${hub};DeviceId=${registrationId};x509=true`,
      transport(),
    );
    void client.setOptions({ ...x509, http: { agent: agent() } }); // over HTTP it never calls back
    return Promise.resolve(client);
  };

  const subjects: Readonly<Record<string, (resources: AsyncDisposableStack) => Promise<Subject>>> = {
    'symmetric key, individual': () => {
      const [registrationId, key] = ['life-sym', randomBytes(32).toString('base64')];
      const symmetricKey = { primaryKey: key, secondaryKey: randomBytes(32).toString('base64') };
      return Promise.resolve({
        registrationId,
        enrollment: { registrationId, attestation: { type: 'symmetricKey', symmetricKey } },
        security: new SymmetricKeySecurityClient(registrationId, key),
        authType: 'sas',
        connect: byKey(registrationId, key),
      });
    },
    'symmetric key, group': () => {
      const [registrationId, groupKey] = ['life-sym-group', randomBytes(64)];
      const symmetricKey = {
        primaryKey: groupKey.toString('base64'),
        secondaryKey: randomBytes(64).toString('base64'),
      };
      const key = createHmac('sha256', groupKey).update(registrationId).digest('base64');
      return Promise.resolve({
        registrationId,
        enrollment: { enrollmentGroupId: 'life', attestation: { type: 'symmetricKey', symmetricKey } },
        security: new SymmetricKeySecurityClient(registrationId, key),
        authType: 'sas',
        connect: byKey(registrationId, key),
      });
    },
    'X.509, individual': async () => {
      const registrationId = 'life-x509';
      const issued = await pki.issueDeviceCertificate({ commonName: registrationId, issuer: 'self' });
      const x509 = { cert: issued.certificatePem, key: issued.privateKeyPem };
      const clientCertificates = { primary: { certificate: issued.certificatePem } };
      return {
        registrationId,
        enrollment: { registrationId, attestation: { type: 'x509', x509: { clientCertificates } } },
        security: new X509Security(registrationId, x509),
        authType: 'selfSigned',
        connect: byCertificate(registrationId, x509),
      };
    },
    'X.509, group': async () => {
      const registrationId = 'life-x509-group';
      const { chainPem, privateKeyPem } = await pki.issueDeviceCertificate({ commonName: registrationId });
      const x509 = { cert: chainPem, key: privateKeyPem };
      const signingCertificates = { primary: { certificate: pki.bundle.rootPem } };
      return {
        registrationId,
        enrollment: {
          enrollmentGroupId: 'life',
          attestation: { type: 'x509', x509: { signingCertificates } },
        },
        security: new X509Security(registrationId, x509),
        authType: 'selfSigned',
        connect: byCertificate(registrationId, x509),
      };
    },
    TPM: async (resources) => {
      const registrationId = 'life-tpm';
      const tpm = resources.use(await openSwtpmProcess());
      const { endorsementKey } = await provisionTpm(createTpmClient(tpm));
      const security = createAzureTpmSecurityClient({ registrationId, transport: tpm });
      const ek = Buffer.from(endorsementKey).toString('base64');
      return {
        registrationId,
        enrollment: { registrationId, attestation: { type: 'tpm', tpm: { endorsementKey: ek } } },
        security,
        authType: 'sas',
        connect: async (hub) => {
          const sr = encodeURIComponent(`${hub}/devices/${registrationId}`);
          const expirySeconds = Math.floor(Date.now() / 1000) + 600;
          const input = Buffer.from(sasSigningInput(sr, expirySeconds));
          const signature = new Uint8Array(await security.signWithIdentity(input));
          return Client.fromSharedAccessSignature(
            formatSasToken({ sr, signature, expirySeconds }),
            transport(),
          );
        },
      };
    },
  };

  it.each(Object.entries(subjects))(
    'goes from enrollment to deletion by %s',
    async (_attestation, make) => {
      await using resources = new AsyncDisposableStack();
      const subject = await make(resources);
      const { registrationId, enrollment, security, authType } = subject;
      const initialTwin = { tags: { site: 'desk' }, properties: { desired: { speed: 1 } } };
      const enrolled = { ...enrollment, initialTwin, iotHubs: [one], capabilities: { iotEdge: true } };
      const [first, second] = [registryOf(one), registryOf(two)];

      const stored = await put(enrolled);
      expect(await register(security)).toMatchObject({
        ...{ status: 'assigned', substatus: 'initialAssignment' },
        ...{ deviceId: registrationId, assignedHub: one },
      });
      expect((await first.get(registrationId)).responseBody).toMatchObject({
        ...{ status: 'enabled', capabilities: { iotEdge: true }, authentication: { type: authType } },
      });
      expect((await first.getTwin(registrationId)).responseBody).toMatchObject({
        ...{ tags: { site: 'desk' }, properties: { desired: { speed: 1 } } },
      });
      await send(subject, one);
      expect(await emulator.control.telemetry()).toMatchObject([{ hub: one, deviceId: registrationId }]);

      const changed = await put({ ...stored, iotHubs: [two] } as never);
      expect(await register(security)).toMatchObject({ substatus: 'deviceDataMigrated', assignedHub: two });
      await expect(first.get(registrationId)).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
      expect((await second.getTwin(registrationId)).responseBody).toMatchObject({ tags: { site: 'desk' } });
      await send(subject, two);
      await expect(send(subject, one)).rejects.toThrow();
      const reached = (await emulator.control.telemetry()).map(({ hub }) => hub);
      expect(reached).toEqual([one, two]);

      await second.update({ deviceId: registrationId, status: 'disabled' });
      await expect(send(subject, two)).rejects.toMatchObject({ name: 'UnauthorizedError' });
      await put({ ...changed, provisioningStatus: 'disabled' } as never);
      await expect(register(security)).rejects.toMatchObject({ result: { status: 'disabled' } });

      await remove(enrollment);
      await second.delete(registrationId);
      await expect(register(security)).rejects.toThrow();
      await expect(send(subject, two)).rejects.toThrow();
      expect(await emulator.control.devices()).toEqual([]);
      expect(await emulator.control.enrollments()).toEqual([]);
    },
    60_000,
  );
});
