import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  createTokenHost,
  type DeviceCredentials,
  type DeviceInHub,
  type IndividualEnrollment,
  type IssuedKey,
  issueCredentials,
  manualHub,
  openTpmHost,
  type TpmHost,
} from '../../simulators/index.ts';
import type { PreparedRange, PrepareRangeTask } from './range-tasks.ts';

/** Makes credentials for a range and leaves them in a file that only this user can read. */
export async function prepareRange(task: PrepareRangeTask): Promise<PreparedRange> {
  const credentials: DeviceCredentials[] = [];
  const enrollments: IndividualEnrollment[] = [];
  const manualDevices: DeviceInHub[] = [];
  const keys = new Map<string, IssuedKey>();
  const host = createTokenHost();
  await using tpmHost = await openKeyMaker(task);
  for (const { spec } of task.devices) {
    const { registrationId } = spec;
    const token = task.tokens.get(registrationId);
    const issued = await issueCredentials(spec, task.authority, {
      tpm: task.tpms.get(registrationId),
      token: token === undefined ? undefined : { token, host },
      tpmHost,
    });
    if (issued.key !== undefined) keys.set(registrationId, issued.key);
    credentials.push(issued.credentials);
    if (issued.enrollment !== undefined) enrollments.push(issued.enrollment);
    if (issued.manual !== undefined) {
      manualDevices.push({ ...issued.manual, hub: manualHub(task.hubs, spec.index) });
    }
  }
  await writeFile(task.credentialsFile, JSON.stringify(credentials), { mode: 0o600, flag: 'wx' });
  return { enrollments, manualDevices, keys, tokenSessions: host.sessions };
}

/** Where the TPMs of X.509 and symmetric-key devices make their keys; they change nothing in a TPM's state. */
async function openKeyMaker({ devices, credentialsFile }: PrepareRangeTask): Promise<TpmHost | undefined> {
  if (!devices.some(({ spec }) => spec.keyStore === 'swtpm' && spec.attestation !== 'tpm')) return undefined;
  return openTpmHost({ mode: 'pooled', poolSize: 1, workDirectory: dirname(credentialsFile) });
}
