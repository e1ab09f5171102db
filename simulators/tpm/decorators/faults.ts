import { ByteWriter } from '../../kernel/bytes.ts';
import { TransportError } from '../../kernel/errors.ts';
import type { TpmTransport } from '../transport.ts';
import { commandCodeOf } from '../transports/tpm-framing.ts';
import { decorate } from './decorate.ts';

/** What goes wrong with one command. */
type TpmFault =
  /** The TPM answers this code, e.g. 0x921 TPM_RC_LOCKOUT, and does not execute the command. */
  | { readonly kind: 'response-code'; readonly responseCode: number }
  /** The command is executed, but only the start of its answer arrives. */
  | { readonly kind: 'truncated-response'; readonly length: number }
  /** The command is executed, but the connection is lost before its answer. */
  | { readonly kind: 'lost-response' }
  /** The power fails before the command and comes back: sessions and transient objects are gone. */
  | { readonly kind: 'power-loss' };

/**
 * Says what goes wrong with a command, if anything.
 *
 * @param ordinal how many commands with this code came before it
 */
export type TpmFaultPlan = (commandCode: number, ordinal: number) => TpmFault | undefined;

/** A TPM that fails where the plan says so, and is otherwise what it was. */
export function withFaults(inner: TpmTransport, plan: TpmFaultPlan): TpmTransport {
  const seen = new Map<number, number>();
  return decorate(inner, {
    send: async (command, signal) => {
      const commandCode = commandCodeOf(command) ?? 0;
      const ordinal = seen.get(commandCode) ?? 0;
      seen.set(commandCode, ordinal + 1);
      const fault = plan(commandCode, ordinal);
      switch (fault?.kind) {
        case undefined:
          return inner.send(command, signal);
        case 'response-code':
          return new ByteWriter().u16(0x8001).u32(10).u32(fault.responseCode).finish();
        case 'truncated-response':
          return (await inner.send(command, signal)).subarray(0, fault.length);
        case 'lost-response':
          await inner.send(command, signal);
          throw new TransportError('tpm', 'TPM_CLOSED', 'the way to the TPM was cut (injected)');
        case 'power-loss':
          await inner.power?.('cycle');
          throw new TransportError('tpm', 'TPM_CLOSED', 'the TPM lost its power (injected)');
      }
    },
  });
}
