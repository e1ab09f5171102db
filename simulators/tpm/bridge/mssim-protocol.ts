import { ByteWriter } from '../../kernel/bytes.ts';
import { type FrameReader, malformedFrame } from './frame-reader.ts';
import { type Conversation, commandHeaderLength, maxCommandLength, type Protocol } from './protocol.ts';

/** Commands of the TPM simulator's protocol, as in `TpmTcpProtocol.h` of the TPM 2.0 reference implementation. */
const simulator = {
  powerOn: 1,
  powerOff: 2,
  physicalPresenceOn: 3,
  physicalPresenceOff: 4,
  sendCommand: 8,
  cancelOn: 9,
  cancelOff: 10,
  nvOn: 11,
  nvOff: 12,
  handshake: 15,
  reset: 17,
  sessionEnd: 20,
} as const;

const serverVersion = 1;
/** tpmPlatformAvailable | tpmSupportsPP */
const endpointInfo = 0x01 | 0x08;

const words = (...values: readonly number[]): Uint8Array => {
  const writer = new ByteWriter();
  for (const value of values) writer.u32(value);
  return writer.finish();
};
const done = words(0);

/**
 * The protocol of the Microsoft and TCG simulator, as tcti-mssim and TSS.JS, TSS.NET and TSS.CPP speak it.
 *
 * Command port: locality and command in a frame. Platform port: power. Power is the one TPM's, for all clients.
 */
export function createMssimProtocol(): Protocol {
  return { data: serveCommands, control: servePlatform };
}

async function serveCommands({ tpm, reader, reply }: Conversation): Promise<void> {
  while (await reader.frameBegins()) {
    const request = await reader.u32();
    switch (request) {
      case simulator.sendCommand: {
        const locality = await reader.u8();
        const command = await readCommand(reader);
        reader.frameEnds();
        const response = await tpm.execute(command, locality);
        reply(new ByteWriter().u32(response.length).bytes(response).u32(0).finish());
        break;
      }
      case simulator.handshake:
        // The client's version; every version so far is 1.
        await reader.u32();
        reply(words(serverVersion, endpointInfo, 0));
        break;
      case simulator.sessionEnd:
        return;
      default:
        throw malformedFrame(`simulator command ${request} is not available here`);
    }
  }
}

async function servePlatform({ tpm, reader, reply }: Conversation): Promise<void> {
  while (await reader.frameBegins()) {
    const request = await reader.u32();
    switch (request) {
      case simulator.powerOn:
        await tpm.powerOn();
        reply(done);
        break;
      case simulator.powerOff:
        await tpm.powerOff();
        reply(done);
        break;
      case simulator.reset:
        await tpm.reset();
        reply(done);
        break;
      case simulator.nvOn:
      case simulator.nvOff:
      case simulator.physicalPresenceOn:
      case simulator.physicalPresenceOff:
      case simulator.cancelOn:
      case simulator.cancelOff:
        // NV is always there, and a command is too short to be cancelled.
        reply(done);
        break;
      case simulator.sessionEnd:
        return;
      default:
        // Also stop: one client must not end the TPM of the others.
        throw malformedFrame(`platform command ${request} is not available here`);
    }
  }
}

async function readCommand(reader: FrameReader): Promise<Uint8Array> {
  const length = await reader.u32();
  if (length < commandHeaderLength || length > maxCommandLength) {
    throw malformedFrame(`a command says that it is ${length} bytes long`);
  }
  return reader.bytes(length);
}
