import { systemClock } from '../../kernel/clock.ts';
import { RigError } from '../../kernel/errors.ts';
import type { WireDetail, WireTap } from '../../kernel/wire-log.ts';
import { commandFields, responseFields } from '../codec/decode-fields.ts';
import { describeCommand } from '../codec/describe-command.ts';
import { decodeResponseCode } from '../codec/response-code.ts';
import type { HostedTpm, TpmHost } from '../tpm-host.ts';
import type { TpmTransport } from '../transport.ts';
import { responseCodeOf } from '../transports/tpm-framing.ts';
import { decorate } from './decorate.ts';

/** A host whose commands and responses somebody sees, by name and field. */
export function withTappedTpms(host: TpmHost, tap: WireTap): TpmHost {
  return {
    mode: host.mode,
    open: async (tpm, signal) => tapped(await host.open(tpm, signal), tap),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

const tapped = (tpm: HostedTpm, tap: WireTap): HostedTpm => ({
  ...(tpm.identity === undefined ? {} : { identity: tpm.identity }),
  ...(tpm.slot === undefined ? {} : { slot: tpm.slot }),
  use: (flow, signal) => tpm.use((transport) => flow(withWireTap(transport, tap)), signal),
  [Symbol.asyncDispose]: () => tpm[Symbol.asyncDispose](),
});

/** A transport whose commands and responses somebody sees. */
function withWireTap(inner: TpmTransport, tap: WireTap): TpmTransport {
  const begin = (command: Uint8Array) => {
    const atMs = systemClock.monotonicMs();
    const ended = (tell: () => WireDetail): void =>
      tap({ layer: 'tpm', atMs, durationMs: systemClock.monotonicMs() - atMs, tell });
    return {
      answered: (response: Uint8Array) => ended(() => tellExchange(command, response)),
      failed: (error: unknown) => ended(() => tellFailure(command, error)),
    };
  };
  return decorate(inner, {
    send: async (command, signal) => {
      const exchange = begin(command);
      try {
        const response = await inner.send(command, signal);
        exchange.answered(response);
        return response;
      } catch (error) {
        exchange.failed(error);
        throw error;
      }
    },
    sendSync: (sendSync) => (command, deadlineMs) => {
      const exchange = begin(command);
      try {
        const response = sendSync(command, deadlineMs);
        exchange.answered(response);
        return response;
      } catch (error) {
        exchange.failed(error);
        throw error;
      }
    },
  });
}

const tellExchange = (command: Uint8Array, response: Uint8Array): WireDetail => ({
  text: `${nameOf(command)}: ${decodeResponseCode(responseCodeOf(response)).name}`,
  fields: { ...fieldsOf(command), ...prefixed(responseFields(command, response)) },
});

const tellFailure = (command: Uint8Array, error: unknown): WireDetail => ({
  text: `${nameOf(command)}: ${error instanceof RigError ? error.code : 'failed'}`,
  fields: fieldsOf(command),
});

const prefixed = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`→ ${name}`, value]));

/** What goes by need not be well-formed: a fault may have made it so. */
function nameOf(command: Uint8Array): string {
  try {
    return describeCommand(command).name;
  } catch {
    return 'malformed command';
  }
}

function fieldsOf(command: Uint8Array): Readonly<Record<string, string>> {
  try {
    return commandFields(command);
  } catch {
    return {};
  }
}
