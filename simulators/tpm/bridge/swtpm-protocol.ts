import { ByteWriter, concatBytes } from '../../kernel/bytes.ts';
import { malformedFrame } from './frame-reader.ts';
import { commandHeaderLength, maxCommandLength, type Protocol } from './protocol.ts';

/** Commands of swtpm's control channel, as in its `tpm_ioctl.h` (CMD_...). */
const control = {
  getCapability: 0x01,
  init: 0x02,
  getTpmEstablished: 0x04,
  setLocality: 0x05,
  cancelCommand: 0x09,
  resetTpmEstablished: 0x0b,
  stop: 0x0e,
  getConfig: 0x0f,
} as const;

/** Results of tpm_ioctl.h's answers: TPM 1.2 codes. */
const result = { success: 0, badOrdinal: 0x0a, badLocality: 0x3d } as const;

/** PTM_CAP_INIT, PTM_CAP_GET_TPMESTABLISHED, PTM_CAP_SET_LOCALITY, PTM_CAP_CANCEL_TPM_CMD, PTM_CAP_STOP. */
const capabilities = 0x01 | 0x04 | 0x08 | 0x20 | 0x200;

const answer = (...words: readonly number[]): Uint8Array => {
  const writer = new ByteWriter();
  for (const word of words) writer.u32(word);
  return writer.finish();
};

/**
 * The protocol of swtpm, as tcti-swtpm, QEMU and the TSS.* libraries for Linux resource managers speak it.
 *
 * Data: bare commands and responses. tcti-swtpm opens a connection for each command, so the locality that its control
 * connection sets holds for every client of this protocol, as in swtpm.
 */
export function createSwtpmProtocol(): Protocol {
  let locality = 0;
  return {
    data: async ({ tpm, reader, reply }) => {
      while (await reader.frameBegins()) {
        const head = await reader.bytes(6);
        const size = Buffer.from(head).readUInt32BE(2);
        if (size < commandHeaderLength || size > maxCommandLength) {
          throw malformedFrame(`a command says that it is ${size} bytes long`);
        }
        const command = concatBytes(head, await reader.bytes(size - head.length));
        reader.frameEnds();
        reply(await tpm.execute(command, locality));
      }
    },
    control: async ({ tpm, reader, reply }) => {
      while (await reader.frameBegins()) {
        const command = await reader.u32();
        switch (command) {
          case control.getCapability:
            reply(answer(result.success, capabilities));
            break;
          case control.init:
            // The flags say what to do with saved volatile state, and there is none.
            await reader.u32();
            await tpm.reset();
            reply(answer(result.success));
            break;
          case control.stop:
            await tpm.powerOff();
            reply(answer(result.success));
            break;
          case control.setLocality: {
            const wanted = await reader.u8();
            const possible = wanted <= 4 && (wanted === 0 || tpm.hasLocalities);
            if (possible) locality = wanted;
            reply(answer(possible ? result.success : result.badLocality));
            break;
          }
          case control.getTpmEstablished:
          case control.getConfig:
            reply(answer(tpm.poweredOn ? result.success : result.badOrdinal, 0));
            break;
          case control.resetTpmEstablished:
            await reader.u8();
            reply(answer(result.success));
            break;
          case control.cancelCommand:
            reply(answer(result.success));
            break;
          default:
            // Also shutdown and the state blobs: one client must not end, read or replace the TPM of the others. How
            // long an unknown command is, only swtpm knows, so the connection cannot go on.
            reply(answer(result.badOrdinal));
            throw malformedFrame(`control command ${command} is not available here`);
        }
      }
    },
  };
}
