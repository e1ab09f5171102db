import { startDeadline } from '../../kernel/deadline.ts';
import { toError } from '../../kernel/errors.ts';
import { secureContextFor } from '../../transport/secure-context.ts';
import { openTlsConnection } from '../../transport/tls-connection.ts';
import type { TransportKind } from '../../wire/transports.ts';
import { type CheckContext, type CheckResult, failed, ignored, ok, warning } from './check.ts';

type Protocol = Extract<TransportKind, 'https' | 'mqtt' | 'amqp'>;

/** `host-connect-iothub-…`: a TLS handshake with the hub on the protocol's port. */
export const checkHub =
  (protocol: Protocol) =>
  (context: CheckContext, signal: AbortSignal): Promise<CheckResult> | CheckResult => {
    const host = hubHostOf(context);
    if (host !== undefined) return handshake(context, host, protocol, signal);
    return context.subject.provisioning.source === 'dps'
      ? warning(
          'Could not retrieve iothub_hostname from provisioning file. Please specify the --iothub-hostname',
        )
      : ignored;
  };

/** `host-connect-dps-endpoint`. */
export function checkDps(context: CheckContext, signal: AbortSignal): Promise<CheckResult> | CheckResult {
  const host = dpsHostOf(context);
  return host === undefined ? ignored : handshake(context, host, 'https', signal);
}

/** The host of the configured endpoint, when the device asks DPS. */
export function dpsHostOf({ subject: { provisioning } }: CheckContext): string | undefined {
  if (provisioning.source !== 'dps') return undefined;
  return URL.parse(provisioning.globalEndpoint)?.hostname ?? provisioning.globalEndpoint;
}

/** The device's hub, as far as it is known before the device is. */
export const hubHostOf = ({ subject: { provisioning }, hubHostName }: CheckContext): string | undefined =>
  provisioning.source === 'manual' ? provisioning.hubHostName : hubHostName;

async function handshake(
  { endpoints, timeoutMs }: CheckContext,
  host: string,
  protocol: Protocol,
  signal: AbortSignal,
): Promise<CheckResult> {
  const endpoint = endpoints.reach(host, protocol);
  const where = `${host}:${endpoint.port}`;
  using deadline = startDeadline(timeoutMs, signal, `the handshake with ${where}`);
  try {
    const socket = await openTlsConnection(endpoint, secureContextFor(endpoint, undefined), deadline.signal);
    socket.destroy();
    return ok;
  } catch (thrown) {
    const { message } = toError(thrown);
    const how = 'phase' in Object(thrown) && (thrown as { phase: unknown }).phase === 'tls';
    const what = how ? 'could not complete TLS handshake' : 'could not connect';
    return failed(`Could not connect to ${where} : ${what}: ${message}`);
  }
}
