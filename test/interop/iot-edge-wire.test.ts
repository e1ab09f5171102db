import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { edgeProfiles } from '../../simulators/device/platforms/profiles.ts';
import {
  type DeviceSpec,
  describeTpm,
  type EdgeVersion,
  registrationIdFromEk,
} from '../../simulators/index.ts';
import { edgeVersions, impossibility, versionsOf } from '../../simulators/schemas.ts';
import type { SeenRequest } from '../../simulators/server/observe-requests.ts';
import { parseSasToken } from '../../simulators/wire/sas-token.ts';
import { type EdgeLab, headerOf, logOf, never, openEdgeLab } from '../support/edge-lab.ts';

const tokenOf = (request: SeenRequest | undefined) =>
  parseSasToken((request && headerOf(request, 'authorization')) ?? '');
const since = (first: EdgeVersion): EdgeVersion[] => edgeVersions.slice(edgeVersions.indexOf(first));
const bodyOf = (request: SeenRequest | undefined) => JSON.parse(request?.body ?? '{}') as object;
const registering = (requests: readonly SeenRequest[]): SeenRequest[] =>
  requests.filter(({ method }) => method === 'PUT');
const polling = (requests: readonly SeenRequest[]): SeenRequest[] =>
  requests.filter(({ method }) => method === 'GET');

/** What the emulator sees of every release, compared with what the sources of that release send. */
describe('an IoT Edge device on the wire', () => {
  let lab: EdgeLab;
  beforeAll(async () => {
    lab = await openEdgeLab({ assigningDurationMs: 12_000, retryAfterSeconds: 60 });
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  const attestations = ['symmetric-key', 'x509', 'tpm'] as const;
  const releases = (['linux', 'eflow', 'windows'] as const).flatMap((platform) =>
    versionsOf(platform).flatMap((version) =>
      attestations.map((attestation) => ({ platform, version, attestation })),
    ),
  );

  it.each(releases)('registers from $platform $version by $attestation', async (release) => {
    const { trace } = await lab.provision(release);
    expect(trace.result).toMatchObject({ kind: 'assigned' });
  });

  it.each(edgeVersions)('asks in the api-version of %s', async (version) => {
    const { requests } = await lab.provision({ version });
    expect(requests.length).toBeGreaterThan(2);
    for (const { query } of requests) {
      expect(query).toEqual({ 'api-version': edgeProfiles[version].dpsApiVersion });
    }
  });

  it.each(edgeVersions)('sends no more headers than the daemon of %s', async (version) => {
    const { requests } = await lab.provision({ version });
    const names = (request: SeenRequest): string[] => request.headers.map(([name]) => name).sort();
    for (const put of registering(requests)) {
      expect(names(put)).toEqual(['authorization', 'content-length', 'content-type', 'host']);
      expect(headerOf(put, 'content-type')).toBe('application/json');
    }
    for (const get of polling(requests)) expect(names(get)).toEqual(['authorization', 'host']);
  });

  it.each(edgeVersions)(
    'writes the resource of its token as %s does, the path in its own case',
    async (version) => {
      const registrationId = `Edge.Case-${version}`;
      const { requests } = await lab.provision({ version, registrationId });
      const [put] = requests;
      const slash = version === '1.1' ? '%2F' : '/';
      const resource = [lab.dps.idScope.toLowerCase(), 'registrations', registrationId.toLowerCase()];
      expect(tokenOf(put).sr).toBe(resource.join(slash));
      expect(put?.path).toBe(`/${lab.dps.idScope}/registrations/${registrationId}/register`);
    },
  );

  it.each(since('1.2'))('signs tokens for 30 seconds in %s', async (version) => {
    for (const attestation of ['symmetric-key', 'tpm'] as const) {
      const { requests } = await lab.provision({ version, attestation });
      const put = registering(requests).at(-1);
      const lifeSeconds = tokenOf(put).se - (put?.atMs ?? 0) / 1000;
      expect(lifeSeconds).toBeLessThanOrEqual(30);
      expect(lifeSeconds).toBeGreaterThan(28);
    }
  });

  it('signs tokens for an hour in 1.1', async () => {
    const { requests } = await lab.provision({ version: '1.1' });
    expect(tokenOf(requests[0]).se - (requests[0]?.atMs ?? 0) / 1000).toBeCloseTo(3600, -1);
  });

  it.each(edgeVersions)('names the key in the tokens of %s where that does', async (version) => {
    const byKey = await lab.provision({ version });
    expect(tokenOf(byKey.requests[0]).skn).toBe(version === '1.2' ? undefined : 'registration');
    const byTpm = await lab.provision({ version, attestation: 'tpm' });
    expect(tokenOf(registering(byTpm.requests).at(-1)).skn).toBe('registration');
  });

  it.each(edgeVersions)('signs as many tokens as %s', async (version) => {
    const { requests } = await lab.provision({ version });
    expect(polling(requests).length).toBeGreaterThan(1);
    const tokens = (some: readonly SeenRequest[]) =>
      new Set(some.map((request) => headerOf(request, 'authorization')));
    if (version === '1.2') expect(tokens(polling(requests)).size).toBe(polling(requests).length);
    else expect(tokens(requests).size).toBe(1);
  });

  it.each(since('1.3'))(
    'waits 5 seconds before every status query in %s, whatever Retry-After says',
    async (version) => {
      const { requests, waitsMs } = await lab.provision({ version });
      expect(waitsMs).toEqual([5_000, 5_000, 5_000]);
      expect(polling(requests)).toHaveLength(3);
    },
  );

  it.each(['1.1', '1.2'] as const)(
    'asks at once and then every 10 seconds in %s, whatever Retry-After says',
    async (version) => {
      const { requests, waitsMs } = await lab.provision({ version });
      expect(waitsMs).toEqual([10_000, 10_000]);
      expect(polling(requests)).toHaveLength(3);
    },
  );

  it.each(since('1.3'))(
    'shows its keys without a token and registers without them in %s',
    async (version) => {
      const { requests, trace } = await lab.provision({ version, attestation: 'tpm' });
      const [first, second, ...more] = registering(requests);
      expect(more).toEqual([]);
      expect(first && headerOf(first, 'authorization')).toBeUndefined();
      const [tpm] = lab.test.tpms;
      expect(bodyOf(first)).toMatchObject({
        tpm: {
          endorsementKey: Buffer.from(tpm?.endorsementKey ?? []).toString('base64'),
          storageRootKey: Buffer.from(tpm?.storageRootKey ?? []).toString('base64'),
        },
      });
      expect(bodyOf(second)).toEqual({ registrationId: trace.registrationId });
    },
  );

  it.each(['1.1', '1.2'] as const)('shows its keys in both requests in %s', async (version) => {
    const { requests } = await lab.provision({ version, attestation: 'tpm' });
    const [first, second] = registering(requests);
    expect(bodyOf(second)).toEqual(bodyOf(first));
    expect(bodyOf(second)).toHaveProperty('tpm.storageRootKey');
  });

  it.each(edgeVersions)('imports the key for its hub over the one for DPS in %s', async (version) => {
    const { trace } = await lab.provision({ version, attestation: 'tpm' });
    expect(trace.steps.filter(({ step }) => step === 'tpm.activate')).toHaveLength(2);
  });

  it('keeps the key for its hub at 0x81000100', async () => {
    await lab.provision({ attestation: 'tpm' });
    expect(await persistentHandles()).toEqual([0x81000001, 0x81000100, 0x81010001]);
  });

  it.each(edgeVersions)('keeps it where auth_key_index says from 1.4 on: %s', async (version) => {
    const authKeyIndex = 0x000200 + edgeVersions.indexOf(version);
    const { trace } = await lab.provision({ version, attestation: 'tpm' }, { edge: { authKeyIndex } });
    expect(trace.result.kind).toBe('assigned');
    const expected = expect(await persistentHandles());
    if (since('1.4').includes(version)) expected.toContain(0x81000000 + authKeyIndex);
    else expected.not.toContain(0x81000000 + authKeyIndex);
  });

  async function persistentHandles(): Promise<readonly number[]> {
    const [tpm] = lab.test.tpms;
    await using hosted = await lab.tpms.open(tpm ?? { tpmId: '', stateFile: '' }, never);
    const description = await hosted.use((transport) => describeTpm(transport, never), never);
    return description.persistentHandles;
  }

  it.each(edgeVersions)('sends a payload from 1.4 on, with the challenge too: %s', async (version) => {
    const payload = { modelId: 'dtmi:example:Thermostat;1' };
    const { requests } = await lab.provision({ version, attestation: 'tpm' }, { edge: { payload } });
    const sent = registering(requests).map((put) => (bodyOf(put) as { payload?: unknown }).payload);
    const expected = since('1.4').includes(version) ? payload : undefined;
    expect(sent).toEqual([expected, expected]);
  });

  it.each([
    ['1.2', '/Base/'],
    ['1.3', '/'],
    ['1.6', '/'],
  ] as const)('asks in %s under %s when its endpoint has a path', async (version, root) => {
    const { requests, trace } = await lab.provision({ version }, { edge: { endpointPath: '/Base/' } });
    expect(requests[0]?.path).toBe(
      `${root}${lab.dps.idScope}/registrations/${trace.registrationId}/register`,
    );
    expect(requests[0] && headerOf(requests[0], 'host')).toMatch(`:${lab.dps.https.port}`);
  });

  it('tells in its log what the daemon tells', async () => {
    const { trace } = await lab.provision({ attestation: 'tpm' });
    expect(logOf(trace)).toEqual([
      'Sending DPS registration request.',
      'Checking DPS registration status.',
      'DPS registration is still in progress.',
      'Checking DPS registration status.',
      'DPS registration is still in progress.',
      'Checking DPS registration status.',
      'Imported DPS authentication key into TPM.',
      expect.stringMatching(/^Assigned to IoT hub: hub-\d/),
      'DPS registration complete.',
    ]);
  });
});

describe('an IoT Edge device that waits long for its assignment', () => {
  let lab: EdgeLab;
  beforeAll(async () => {
    lab = await openEdgeLab({ assigningDurationMs: 600_000 });
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it.each(since('1.3'))('is refused by its own token after 30 seconds in %s', async (version) => {
    const { trace, requests } = await lab.provision({ version });
    expect(trace.result).toMatchObject({ kind: 'error', error: { details: { status: 401 } } });
    expect(polling(requests)).toHaveLength(6);
  });

  it.each(since('1.3'))('asks on and on in %s', async (version) => {
    const { trace } = await lab.provision({ version, attestation: 'x509' });
    expect(trace).toMatchObject({ result: { kind: 'assigned' }, polls: 120 });
  });

  it.each(['1.1', '1.2'] as const)('gives up after 13 questions in %s', async (version) => {
    const { trace, waitsMs } = await lab.provision({ version });
    expect(trace).toMatchObject({
      polls: 13,
      result: {
        kind: 'error',
        error: { code: 'ASSIGNMENT_TIMEOUT', message: 'exceeded DPS assignment timeout threshold' },
      },
    });
    expect(waitsMs.reduce((sum, ms) => sum + ms, 0)).toBe(120_000);
  });
});

describe('an IoT Edge device that is refused', () => {
  let lab: EdgeLab;
  beforeAll(async () => {
    lab = await openEdgeLab();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it.each(since('1.3'))('takes a disabled enrollment for broken data in %s', async (version) => {
    const { trace } = await lab.provision({ version, fault: 'disabled-enrollment' });
    expect(trace.result).toMatchObject({ kind: 'error', error: { code: 'INVALID_DATA' } });
  });

  it.each(['1.1', '1.2'] as const)('understands a disabled enrollment in %s', async (version) => {
    const { trace } = await lab.provision({ version, fault: 'disabled-enrollment' });
    expect(trace.result).toMatchObject({ kind: 'ended', status: 'disabled' });
  });

  it.each([
    { attestation: 'symmetric-key', enrollment: 'individual' },
    { attestation: 'symmetric-key', enrollment: 'group' },
    { attestation: 'tpm', enrollment: 'individual' },
  ] as const)('is refused with a token when its clock is 30 minutes late, by $attestation', async (axes) => {
    for (const version of ['1.4', '1.5'] as const) {
      const late = { ...axes, version, platform: 'eflow', fault: 'eflow-clock-late' } as const;
      expect((await lab.provision(late)).trace.result).toMatchObject({
        kind: 'error',
        error: { details: { status: 401, errorCode: 401000 } },
      });
    }
  });

  it('does not mind a late clock with a certificate, or with tokens of an hour', async () => {
    const late = { platform: 'eflow', fault: 'eflow-clock-late' } as const;
    for (const spec of [{ attestation: 'x509' }, { version: '1.1' }] as const) {
      expect((await lab.provision({ ...late, ...spec })).trace.result.kind).toBe('assigned');
    }
  });

  it.each(since('1.3'))('offers an expired certificate as it is in %s', async (version) => {
    const { trace, requests } = await lab.provision({
      ...{ version, attestation: 'x509', fault: 'expired-certificate' },
    });
    // It got as far as the service, by its certificate, and the service refused it.
    expect(requests).toHaveLength(1);
    expect(trace.result).toMatchObject({
      kind: 'error',
      error: { details: { status: 401, errorCode: 401002 } },
    });
  });

  it('registers a TPM under the id of either tool', async () => {
    const ek = lab.test.tpms[0]?.endorsementKey ?? new Uint8Array();
    const hex = createHash('sha256').update(ek).digest('hex');
    for (const registrationId of [hex, registrationIdFromEk(ek)]) {
      const { trace } = await lab.provision({ attestation: 'tpm', registrationId });
      expect(trace.result).toMatchObject({ kind: 'assigned', deviceId: registrationId });
    }
    expect(hex).toHaveLength(64);
    expect(registrationIdFromEk(ek)).toHaveLength(52);
  });

  it.each(edgeVersions)('asks once in %s, and says what DPS said', async (version) => {
    const { trace, requests } = await lab.provision({ version, fault: 'wrong-key' });
    expect(requests).toHaveLength(1);
    expect(trace.result).toMatchObject({
      kind: 'error',
      error: { message: 'Unauthorized', details: { status: 401, errorCode: 401000 } },
    });
  });
});

describe('an IoT Edge device at its hub', () => {
  let lab: EdgeLab;
  beforeAll(async () => {
    lab = await openEdgeLab();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  const provisionings: readonly Pick<DeviceSpec, 'attestation' | 'enrollment'>[] = (
    ['symmetric-key', 'x509', 'tpm'] as const
  ).flatMap((attestation) =>
    (['individual', 'group'] as const)
      .map((enrollment) => ({ attestation, enrollment }))
      .filter(
        (axes) =>
          impossibility({
            ...{ ...axes, platform: 'linux', transport: 'https', client: 'iot-edge' },
            keyStore: axes.attestation === 'tpm' ? 'swtpm' : 'software',
          }) === undefined,
      ),
  );

  it.each(provisionings)('gives its system modules keys, after $attestation, $enrollment', async (axes) => {
    const { trace, requests } = await lab.provision(axes, { hubConnect: 'telemetry' });
    expect(trace.result).toMatchObject({ kind: 'assigned' });
    const atHub = requests.filter(({ path }) => path.includes('/modules'));
    expect(atHub.map(({ method, path }) => `${method} ${path.split('/modules')[1] ?? ''}`)).toEqual([
      'GET ',
      'PUT /%24edgeAgent',
      'PUT /%24edgeHub',
    ]);
    for (const request of atHub) {
      expect(request.query).toEqual({ 'api-version': '2017-11-08-preview' });
      const token = headerOf(request, 'authorization');
      if (axes.attestation === 'x509') expect(token).toBeUndefined();
      else {
        expect(tokenOf(request).sr).toMatch(/^[^A-Z%]+$/);
        expect(tokenOf(request).skn).toBeUndefined();
      }
    }
    for (const put of atHub.slice(1)) {
      expect(headerOf(put, 'if-match')).toBe('*');
      expect(bodyOf(put)).toMatchObject({ authentication: { type: 'sas' } });
    }
  });
});
