import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  createDpsServiceClient,
  DEFAULT_API_VERSION,
  type DpsServiceClient,
  type Enrollment,
  type EnrollmentGroup,
  type IndividualEnrollment,
  MOST_ENROLLMENTS_AT_ONCE,
  type RegistrationRecord,
} from '../../../simulators/index.ts';
import { EnvironmentError, RigError, ScenarioError } from '../../../simulators/kernel/errors.ts';
import type { Scenario } from '../../scenario/scenario-schema.ts';
import type { RunEndpoint } from '../run-endpoint.ts';
import { type Consent, requireConsent } from './consent.ts';
import { type Journal, openJournal, readJournal } from './journal.ts';
import { createPacer } from './pacing.ts';

export type AzureEndpoint = Extract<Scenario['endpoint'], { kind: 'azure' }>;

export interface AzureRun {
  readonly scenarioFile: string;
  readonly consent: Consent;
  /** Made before anything is made at the service; removed when all is gone from there. */
  readonly journalFile: string;
  /** registrationIds of the fleet. */
  readonly planned: () => Iterable<string>;
  readonly signal: AbortSignal;
}

/**
 * A real Device Provisioning Service as the far end: enrollments are made before the run and removed after it, every one
 * of them in a journal first, and nothing is sent before the user has agreed.
 *
 * @throws ScenarioError without consent, or without a connection string
 * @throws EnvironmentError when the service does not answer
 */
export async function connectAzure(endpoint: AzureEndpoint, run: AzureRun): Promise<RunEndpoint> {
  const service = await openService(endpoint, run.scenarioFile);
  requireConsent([...new Set([service.hostName, endpoint.hostName])], run.consent, run.scenarioFile);
  const journal = openJournal(run.journalFile);
  journal.write([{ kind: 'service', hostName: service.hostName }]);
  const { signal } = run;
  const caPem = endpoint.caFile === undefined ? undefined : await readCa(endpoint.caFile, run.scenarioFile);
  const { address, port = 443, mqttPort, amqpPort, hostName, idScope, hubs } = endpoint;
  return {
    kind: 'azure',
    dps: { hostName, address, port, mqttPort, amqpPort, idScope, apiVersion: DEFAULT_API_VERSION, caPem },
    behaviour: undefined,
    hubs,
    enroll: (enrollments) => enroll(service, journal, enrollments, signal),
    createDevices: (devices) => {
      if (devices.length === 0) return Promise.resolve();
      throw new ScenarioError({
        ...{ file: run.scenarioFile, key: 'fleet' },
        message: 'manual devices are made in hubs, and nothing is said of how to reach those',
      });
    },
    addFaults: (faults) => {
      if (faults.length === 0) return Promise.resolve();
      throw new ScenarioError({
        ...{ file: run.scenarioFile, key: 'fleet' },
        message: 'a real service has no faults to order: serviceFaults need an emulator',
      });
    },
    devices: () => Promise.resolve([]),
    telemetry: () => Promise.resolve([]),
    // Its service API shows no more of an enrollment than what the run itself has told it.
    evidence: () => Promise.resolve(undefined),
    registrations: () => readRegistrations(service, journal, run.planned(), signal),
    // The journal stays where something could not be removed: `dps-rig cleanup` goes on with it.
    [Symbol.asyncDispose]: async () => {
      await using stack = new AsyncDisposableStack();
      stack.use(journal);
      await removeAll(service, journal.path, new AbortController().signal);
      journal.discard();
    },
  };
}

/** @throws ScenarioError when the environment variable is not set */
export async function openService(
  endpoint: Pick<
    AzureEndpoint,
    'connectionStringVariable' | 'address' | 'port' | 'caFile' | 'serviceOperationsPerMinute'
  >,
  scenarioFile: string,
): Promise<DpsServiceClient> {
  const { connectionStringVariable: variable, address, port, caFile, serviceOperationsPerMinute } = endpoint;
  const connectionString = process.env[variable];
  if (connectionString === undefined || connectionString === '') {
    throw new ScenarioError(
      { file: scenarioFile, key: 'endpoint.connectionStringVariable', message: `${variable} is not set` },
      {
        hint: 'Put the connection string of a policy with EnrollmentWrite and RegistrationStatusWrite there.',
      },
    );
  }
  return createDpsServiceClient({
    ...{ connectionString, address, port, untilQuota: createPacer(serviceOperationsPerMinute) },
    ...(caFile === undefined ? {} : { caPem: await readCa(caFile, scenarioFile) }),
  });
}

async function enroll(
  service: DpsServiceClient,
  journal: Journal,
  enrollments: readonly Enrollment[],
  signal: AbortSignal,
): Promise<void> {
  const groups = enrollments.filter((one): one is EnrollmentGroup => 'enrollmentGroupId' in one);
  const individual = enrollments.filter((one): one is IndividualEnrollment => 'registrationId' in one);
  for (const group of groups) {
    journal.write([{ kind: 'group', id: group.enrollmentGroupId }]);
    await asked(service, service.putGroup(group, signal));
  }
  for (let from = 0; from < individual.length; from += MOST_ENROLLMENTS_AT_ONCE) {
    const some = individual.slice(from, from + MOST_ENROLLMENTS_AT_ONCE);
    journal.write(some.map(({ registrationId: id }) => ({ kind: 'enrollment', id })));
    await asked(service, service.createEnrollments(some, signal));
  }
}

async function readRegistrations(
  service: DpsServiceClient,
  journal: Journal,
  planned: Iterable<string>,
  signal: AbortSignal,
): Promise<readonly RegistrationRecord[]> {
  const records: RegistrationRecord[] = [];
  for (const id of planned) {
    const state = await asked(service, service.registration(id, signal));
    if (state === undefined) continue;
    journal.write([{ kind: 'registration', id }]);
    const { status, assignedHub, deviceId } = state;
    records.push({
      registrationId: id,
      status: status === 'assigned' || status === 'disabled' || status === 'assigning' ? status : 'failed',
      ...{ assignedHub, deviceId, enrollmentId: id },
      timesAssigned: 1, // the service does not say how often
    });
  }
  return records;
}

/** Removes what a journal names, newest first. */
export async function removeAll(
  service: DpsServiceClient,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  const { entries } = readJournal(path);
  for (const entry of entries.toReversed()) {
    if (entry.kind === 'enrollment') await asked(service, service.removeEnrollment(entry.id, signal));
    if (entry.kind === 'group') await asked(service, service.removeGroup(entry.id, signal));
    if (entry.kind === 'registration') await asked(service, service.removeRegistration(entry.id, signal));
  }
  return entries.length;
}

async function asked<T>({ hostName }: DpsServiceClient, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const hint = cause instanceof RigError ? cause.hint : undefined;
    throw new EnvironmentError('endpoint', `${hostName} refused or did not answer`, {
      hint: hint ?? 'What was made there stands in the journal: dps-rig cleanup removes it.',
      cause,
    });
  }
}

async function readCa(caFile: string, scenarioFile: string): Promise<string> {
  const path = resolve(dirname(scenarioFile), caFile);
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new EnvironmentError('endpoint', `the CA file ${path} cannot be read`, { cause });
  });
}
