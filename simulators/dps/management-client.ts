import { DpsServiceError, TransportError } from '../kernel/errors.ts';
import type { DpsControl, LoggedRequest, RegistrationRecord } from './dps-control.ts';

const TIMEOUT_MS = 60_000;

/**
 * Control of an emulator in another process, over its management API.
 *
 * @param managementUrl e.g. `http://127.0.0.1:9180`
 */
export function connectDpsControl(managementUrl: string): DpsControl {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const request = {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    };
    const response = await fetch(new URL(path, managementUrl), request).catch((cause: unknown) => {
      throw new TransportError('connect', 'MANAGEMENT_UNREACHABLE', `no management API at ${managementUrl}`, {
        cause,
      });
    });
    const answer = (await response.json()) as { message?: string };
    if (!response.ok)
      throw new DpsServiceError({ status: response.status, message: answer.message ?? response.statusText });
    return answer;
  };
  return {
    enroll: async (enrollments) => void (await call('POST', '/enrollments', enrollments)),
    removeEnrollments: async (ids) => void (await call('DELETE', '/enrollments', ids)),
    registrations: async () => (await call('GET', '/registrations')) as readonly RegistrationRecord[],
    requests: async () => (await call('GET', '/requests')) as readonly LoggedRequest[],
    reset: async () => void (await call('POST', '/reset')),
  };
}
