import { writeFile } from 'node:fs/promises';
import {
  createTokenHost,
  type DeviceCredentials,
  type IndividualEnrollment,
  type IssuedKey,
  issueCredentials,
} from '../../simulators/index.ts';
import type { PreparedRange, PrepareRangeTask } from './range-tasks.ts';

/** Makes credentials for a range and leaves them in a file that only this user can read. */
export async function prepareRange(task: PrepareRangeTask): Promise<PreparedRange> {
  const credentials: DeviceCredentials[] = [];
  const enrollments: IndividualEnrollment[] = [];
  const keys = new Map<string, IssuedKey>();
  const host = createTokenHost();
  for (const { spec } of task.devices) {
    const { registrationId } = spec;
    const token = task.tokens.get(registrationId);
    const issued = await issueCredentials(spec, task.authority, {
      tpm: task.tpms.get(registrationId),
      token: token === undefined ? undefined : { token, host },
    });
    if (issued.key !== undefined) keys.set(registrationId, issued.key);
    credentials.push(issued.credentials);
    if (issued.enrollment !== undefined) enrollments.push(issued.enrollment);
  }
  await writeFile(task.credentialsFile, JSON.stringify(credentials), { mode: 0o600, flag: 'wx' });
  return { enrollments, keys, tokenSessions: host.sessions };
}
