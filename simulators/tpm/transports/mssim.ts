import { ByteReader, ByteWriter } from '../../kernel/bytes.ts';
import { TransportError } from '../../kernel/errors.ts';
import { type FramedConnection, malformed, type RequestLimits } from './framed-connection.ts';
import { responseLength } from './tpm-framing.ts';

/** The protocol of Microsoft's TPM 2.0 simulator (TpmTcpProtocol.h): its messages, sent as 32-bit numbers. */
const messages = { powerOn: 1, powerOff: 2, sendCommand: 8, nvOn: 11 } as const;

const platformDeadlineMs = 10_000;

/** Sends one TPM command; its answer comes between a size and a 32-bit acknowledgement of zero. */
export async function sendMssimCommand(
  connection: FramedConnection,
  locality: number,
  command: Uint8Array,
  limits: RequestLimits,
): Promise<Uint8Array> {
  const message = new ByteWriter()
    .u32(messages.sendCommand)
    .u8(locality)
    .u32(command.length)
    .bytes(command)
    .finish();
  const answer = new ByteReader(await connection.request(message, mssimAnswerLength, limits));
  const response = answer.bytes(answer.u32('response size'), 'response');
  const acknowledgement = answer.u32('acknowledgement');
  if (acknowledgement !== 0) throw malformed(`the TPM simulator acknowledges with ${acknowledgement}`);
  return response;
}

/** The simulator's platform port: its power switch. */
export function mssimPlatform(connection: FramedConnection): {
  on(): Promise<void>;
  switch(action: 'cycle' | 'off'): Promise<void>;
} {
  const signal = async (message: keyof typeof messages): Promise<void> => {
    const bytes = new ByteWriter().u32(messages[message]).finish();
    const limits = { deadlineMs: platformDeadlineMs };
    const result = new ByteReader(await connection.request(bytes, () => 4, limits)).u32('result');
    if (result !== 0) {
      throw new TransportError('tpm', 'MSSIM_REFUSED', `the TPM simulator refused ${message} with ${result}`);
    }
  };
  const on = async (): Promise<void> => {
    await signal('powerOn');
    await signal('nvOn');
  };
  return {
    on,
    switch: async (action) => {
      await signal('powerOff');
      if (action === 'cycle') await on();
    },
  };
}

function mssimAnswerLength(received: Uint8Array): number | undefined {
  const size = responseLength(received, 4);
  if (size === undefined) return undefined;
  const announced = new DataView(received.buffer, received.byteOffset).getUint32(0);
  if (announced !== size) {
    throw malformed(`the TPM simulator announces ${announced} bytes for a response of ${size}`);
  }
  return 4 + size + 4;
}
