import { writeFile } from 'node:fs/promises';
import {
  type DeviceCredentials,
  type IndividualEnrollment,
  issueCredentials,
} from '../../simulators/index.ts';
import type { PreparedRange, PrepareRangeTask } from './range-tasks.ts';

/** Makes credentials for a range and leaves them in a file that only this user can read. */
export async function prepareRange(task: PrepareRangeTask): Promise<PreparedRange> {
  const credentials: DeviceCredentials[] = [];
  const enrollments: IndividualEnrollment[] = [];
  for (const { spec } of task.devices) {
    const issued = await issueCredentials(spec, task.authority, task.tpms.get(spec.registrationId));
    credentials.push(issued.credentials);
    if (issued.enrollment !== undefined) enrollments.push(issued.enrollment);
  }
  await writeFile(task.credentialsFile, JSON.stringify(credentials), { mode: 0o600, flag: 'wx' });
  return { enrollments };
}
