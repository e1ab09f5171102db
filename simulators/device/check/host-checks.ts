import { startDeadline } from '../../kernel/deadline.ts';
import { toError } from '../../kernel/errors.ts';
import { hostHeader, KeptConnection } from '../../transport/kept-connection.ts';
import { secureContextFor } from '../../transport/secure-context.ts';
import { type CheckContext, type CheckResult, failed, gather, warning } from './check.ts';
import { dpsHostOf, hubHostOf } from './connect-checks.ts';

/** RFC 1035 §2.3.1, whose labels are letters, digits and hyphens. */
const LABEL = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
/** ub-common-name of RFC 5280: a longer name cannot be the CN of a certificate. */
const LONGEST_COMMON_NAME = 64;

/** `hostname`: the configuration's is the device's, and good for a certificate. */
export function checkHostName({ subject, deviceHostName }: CheckContext): CheckResult {
  const { hostName = deviceHostName } = subject;
  const warnings: string[] = [];
  if (!hostName.split('.').every((label) => LABEL.test(label))) {
    warnings.push(`Hostname ${hostName} does not comply with RFC 1035: some clients will not connect to it`);
  }
  if (hostName.length > LONGEST_COMMON_NAME) {
    warnings.push(`Hostname ${hostName} is too long to be used as a certificate issuer`);
  }
  const [short] = deviceHostName.split('.');
  // A name with a domain is taken, as long as it begins like the device's.
  const isOwn = hostName === deviceHostName || hostName.split('.')[0] === short;
  const mismatch = `identityd config has hostname ${hostName} but device reports hostname ${deviceHostName}.`;
  return gather(isOwn ? [] : [mismatch], warnings);
}

/** As much as `iotedge check` lets pass. */
const LARGEST_DIFFERENCE_MS = 10_000;

/**
 * `host-local-time`: the device's clock agrees with the reference. The real checks ask an NTP server; here the service that will
 * judge the device's tokens is asked, by the Date header of an answer.
 */
export async function checkLocalTime(context: CheckContext, signal: AbortSignal): Promise<CheckResult> {
  const host = dpsHostOf(context) ?? hubHostOf(context);
  if (host === undefined) return warning('Could not query a reference: there is no service to ask');
  const endpoint = context.endpoints.reach(host, 'https');
  const connection = new KeptConnection(endpoint, secureContextFor(endpoint, undefined));
  using deadline = startDeadline(context.timeoutMs, signal, 'the question for the time');
  try {
    const request = { method: 'GET', path: '/', headers: { Host: hostHeader(endpoint) } };
    const { headers } = await connection.exchange(request, deadline.signal);
    const differenceMs = context.clock.nowMs() - Date.parse(headers.date ?? '');
    if (Number.isNaN(differenceMs)) return warning(`Could not query ${host}: its answer has no Date`);
    if (Math.abs(differenceMs) < LARGEST_DIFFERENCE_MS) return gather([], []);
    const seconds = Math.round(differenceMs / 1000);
    return warning(
      `Time on the device is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the reference time: ` +
        'SAS tokens will be refused or expire early',
    );
  } catch (thrown) {
    return warning(`Could not query ${host}: ${toError(thrown).message}`);
  } finally {
    await connection.close();
  }
}

/** `windows-host-version`: the one build on which 1.1 with Windows containers was supported. */
export function checkWindowsVersion({ subject }: CheckContext): CheckResult {
  return subject.platform === 'windows'
    ? { kind: 'skipped', reason: 'the host is none of Windows; supported was 10.0.17763 only' }
    : { kind: 'ignored' };
}

/** `connection-string`: of devices without DPS. */
export function checkConnectionString({ subject: { provisioning } }: CheckContext): CheckResult {
  if (provisioning.source !== 'manual') return { kind: 'ignored' };
  return provisioning.hubHostName.includes('.')
    ? { kind: 'ok' }
    : failed(`HostName ${provisioning.hubHostName} of the connection string is no host name of a hub`);
}
