import { concatBytes, fromHex } from '../../kernel/bytes.ts';
import { createLimiter } from '../../kernel/limiter.ts';
import type { TpmTransport } from '../transport.ts';

/** One TPM behind several protocols and clients: whole commands take turns, each with its client's locality. */
export interface SharedTpm {
  /**
   * @returns the TPM's response; TPM_RC_FAILURE while it has no power, TPM_RC_LOCALITY for one that it cannot take
   * @throws TransportError when the TPM is gone
   */
  execute(command: Uint8Array, locality: number): Promise<Uint8Array>;
  readonly poweredOn: boolean;
  /** No effect on a TPM that has power. TPM2_Startup is the client's to send, as on a real machine. */
  powerOn(): Promise<void>;
  powerOff(): Promise<void>;
  /** Off and on: a TPM reset, whoever else is using it. */
  reset(): Promise<void>;
  /** Whether commands can have another locality than 0. */
  readonly hasLocalities: boolean;
}

/** @param transport open, and its TPM started; it stays the caller's */
export function shareTpm(transport: TpmTransport): SharedTpm {
  const turns = createLimiter(1);
  let poweredOn = true;
  let currentLocality = 0;

  const takeLocality = async (locality: number): Promise<boolean> => {
    if (locality === currentLocality) return true;
    if (transport.setLocality === undefined || locality > 4) return false;
    await transport.setLocality(locality);
    currentLocality = locality;
    return true;
  };
  const reset = async (): Promise<void> => {
    await transport.power?.('cycle');
    poweredOn = true;
    currentLocality = 0;
  };
  return {
    get poweredOn() {
      return poweredOn;
    },
    hasLocalities: transport.setLocality !== undefined,
    execute: (command, locality) =>
      turns.run(async () => {
        if (!poweredOn) return failure;
        if (!(await takeLocality(locality))) return wrongLocality;
        return transport.send(command);
      }),
    powerOn: () => turns.run(async () => (poweredOn ? undefined : reset())),
    powerOff: () =>
      turns.run(() => {
        // What was in the TPM is lost when the power comes back, with `cycle`; until then it just does not answer.
        poweredOn = false;
        return Promise.resolve();
      }),
    reset: () => turns.run(reset),
  };
}

const errorResponse = (responseCode: string): Uint8Array =>
  concatBytes(fromHex('80010000000a'), fromHex(responseCode));
/** TPM_RC_FAILURE: also what swtpm and the simulator answer without power. */
const failure = errorResponse('00000101');
/** TPM_RC_LOCALITY. */
const wrongLocality = errorResponse('00000907');
