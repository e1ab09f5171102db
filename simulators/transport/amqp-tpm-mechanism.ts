import { utf8 } from '../kernel/bytes.ts';
import { CodecError } from '../kernel/errors.ts';
import { TPM_FINAL_SEGMENT, TPM_SEGMENT } from '../wire/amqp.ts';

/** The two lowest bits of the control byte number the parts. */
const SEQUENCE_MASK = 0x03;

export interface TpmIdentity {
  readonly idScope: string;
  readonly registrationId: string;
  /** TPM2B_PUBLIC. */
  readonly endorsementKey: Uint8Array;
  readonly storageRootKey: Uint8Array;
}

/** A mechanism as rhea's SASL client calls it. */
export interface SaslClientMechanism {
  start(respond: Respond): void;
  step(challenge: Buffer, respond: Respond): void;
}

type Respond = (error: Error | undefined, response?: Buffer) => void;

/** The device's side of the SASL mechanism `TPM`, which stops in the middle until the TPM has signed. */
export interface TpmHandshake {
  readonly mechanism: SaslClientMechanism;
  /** The activation blob; never settles when the connection fails before it. */
  readonly challenge: Promise<Uint8Array>;
  /** Sends the token on that the blob's key has signed. */
  answer(token: string): void;
}

/** @see dps-rig docs/amqp.md for the bytes */
export function createTpmHandshake(identity: TpmIdentity): TpmHandshake {
  const { promise: challenge, resolve } = Promise.withResolvers<Uint8Array>();
  const segments: Uint8Array[] = [];
  let isKeySent = false;
  let waiting: Respond | undefined;

  const takeSegment = (bytes: Buffer, respond: Respond): void => {
    const [control = 0] = bytes;
    const expected = segments.length & SEQUENCE_MASK;
    if ((control & TPM_SEGMENT) === 0 || (control & SEQUENCE_MASK) !== expected) {
      respond(
        new CodecError(`control byte 0x${control.toString(16)}`, 0, `part ${expected} of the challenge`),
      );
      return;
    }
    segments.push(bytes.subarray(1));
    if ((control & TPM_FINAL_SEGMENT) === 0) {
      respond(undefined, Buffer.of(0));
    } else {
      waiting = respond;
      resolve(Buffer.concat(segments));
    }
  };

  return {
    challenge,
    answer: (token) => waiting?.(undefined, behindZero(utf8(token))),
    mechanism: {
      start: (respond) => {
        const { idScope, registrationId, endorsementKey } = identity;
        respond(undefined, behindZero(utf8(`${idScope}\0${registrationId}\0`), endorsementKey));
      },
      step: (bytes, respond) => {
        if (isKeySent) {
          takeSegment(bytes, respond);
        } else if (bytes.length === 1 && bytes[0] === 0) {
          isKeySent = true;
          respond(undefined, behindZero(identity.storageRootKey));
        } else {
          respond(new CodecError('the first challenge', 0, 'one byte, 0'));
        }
      },
    },
  };
}

const behindZero = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([Buffer.of(0), ...parts]);
