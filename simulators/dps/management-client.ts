import type { TelemetryMessage } from '../hub/telemetry-log.ts';
import { DpsServiceError, TransportError } from '../kernel/errors.ts';
import type {
  CaCertificateSummary,
  DeviceSummary,
  DpsControl,
  DpsInfo,
  EnrollmentSummary,
  LoggedRequest,
  RegistrationRecord,
} from './dps-control.ts';
import type { EnrollmentEvidence } from './enrollment-evidence.ts';
import type { ServiceFault } from './service-fault.ts';

const TIMEOUT_MS = 60_000;

/**
 * Control of an emulator in another process, over its management API.
 *
 * @param managementUrl e.g. `http://127.0.0.1:9180`
 * @param options.token when the API is bound to more than loopback
 */
export function connectDpsControl(
  managementUrl: string,
  options: { readonly token?: string } = {},
): DpsControl {
  const headers = options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` };
  const send = (method: string, path: string, body?: string): Promise<Response> =>
    fetch(new URL(path, managementUrl), {
      method,
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body }),
    }).catch((cause: unknown) => {
      const message = `no management API at ${managementUrl}`;
      throw new TransportError('connect', 'MANAGEMENT_UNREACHABLE', message, { cause });
    });
  const answerOf = async (response: Response): Promise<unknown> => {
    const answer: unknown = await response.json().catch((cause: unknown) => {
      const message = `${managementUrl} does not answer like a management API`;
      throw new TransportError('receive', 'MANAGEMENT_UNREACHABLE', message, { cause });
    });
    if (response.ok) return answer;
    const { message = response.statusText } = answer as { message?: string };
    throw new DpsServiceError({ status: response.status, message });
  };
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> =>
    answerOf(await send(method, path, body === undefined ? undefined : JSON.stringify(body)));
  return {
    enroll: async (enrollments) => void (await call('POST', '/enrollments', enrollments)),
    removeEnrollments: async (ids) => void (await call('DELETE', '/enrollments', ids)),
    enrollments: async () => (await call('GET', '/enrollments')) as readonly EnrollmentSummary[],
    evidence: async (ids) => (await call('POST', '/evidence', ids)) as readonly EnrollmentEvidence[],
    uploadCaCertificate: async (name, certificate) =>
      void (await call('POST', '/ca-certificates', { name, certificate })),
    requestCaVerification: async (name) => {
      const answer = await call('POST', '/ca-certificates/verification-code', { name });
      return (answer as { verificationCode: string }).verificationCode;
    },
    verifyCaCertificate: async (name, certificate) =>
      void (await call('POST', '/ca-certificates/verify', { name, certificate })),
    caCertificates: async () => (await call('GET', '/ca-certificates')) as readonly CaCertificateSummary[],
    caCertificate: async (name) =>
      (await call('GET', `/ca-certificates/${encodeURIComponent(name)}`)) as CaCertificateSummary,
    removeCaCertificate: async (name) =>
      void (await call('DELETE', `/ca-certificates/${encodeURIComponent(name)}`)),
    registrations: async () => (await call('GET', '/registrations')) as readonly RegistrationRecord[],
    createDevices: async (devices) => void (await call('POST', '/devices', devices)),
    removeDevices: async (devices) => void (await call('DELETE', '/devices', devices)),
    devices: async () => (await call('GET', '/devices')) as readonly DeviceSummary[],
    telemetry: async () => (await call('GET', '/telemetry')) as readonly TelemetryMessage[],
    requests: async () => (await call('GET', '/requests')) as readonly LoggedRequest[],
    exportState: async () => {
      const response = await send('GET', '/export');
      return response.ok ? response.text() : String(await answerOf(response));
    },
    importState: async (text) => void (await answerOf(await send('POST', '/import', text))),
    reset: async () => void (await call('POST', '/reset')),
    orderFaults: async (faults) => void (await call('PUT', '/faults', faults)),
    faults: async () => (await call('GET', '/faults')) as readonly ServiceFault[],
    info: async () => (await call('GET', '/info')) as DpsInfo,
  };
}
