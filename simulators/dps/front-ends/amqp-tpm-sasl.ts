import type { SaslExchange, SaslStep } from '../../server/amqp-sasl.ts';
import { TPM_FINAL_SEGMENT, TPM_SEGMENT } from '../../wire/amqp.ts';
import type { DeviceIdentity } from '../attestation/attest.ts';

/** What the exchange asks of the registration core. */
export interface TpmChallenger {
  /** @returns the activation blob; `undefined` when the device is refused */
  challenge(device: DeviceIdentity, keys: TpmKeys): Uint8Array | undefined;
  /** Whether the token was signed with the key of the blob. */
  admits(device: DeviceIdentity, token: string): boolean;
}

/** TPM2B_PUBLIC each. */
export interface TpmKeys {
  readonly endorsementKey: Uint8Array;
  readonly storageRootKey: Uint8Array;
}

/**
 * SASL mechanism `TPM`: identity and EK, SRK, the challenge in parts, the token.
 *
 * @see dps-rig docs/amqp.md for the bytes; the C, C#, Java and Node SDKs agree on them
 */
export function createTpmExchange(challenger: TpmChallenger): SaslExchange {
  /** One function per step: what is due next follows from what came before. */
  let due: (response: Buffer) => SaslStep = (initialResponse) => {
    const identity = readIdentity(initialResponse);
    if (identity === undefined) return refused;
    due = (response) => sendParts(identity, response);
    return ask(Uint8Array.of(0));
  };

  const sendParts = ({ device, endorsementKey }: TpmIdentity, response: Buffer): SaslStep => {
    if (response[0] !== 0 || response.length < 2) return refused;
    const blob = challenger.challenge(device, { endorsementKey, storageRootKey: response.subarray(1) });
    if (blob === undefined) return refused;
    // Always two parts: the Java SDK takes no other number.
    const middle = Math.ceil(blob.length / 2);
    due = (acknowledgement) => {
      if (acknowledgement.length !== 1 || acknowledgement[0] !== 0) return refused;
      due = (proof) => decide(device, proof);
      return ask([TPM_SEGMENT | TPM_FINAL_SEGMENT | 1, ...blob.subarray(middle)]);
    };
    return ask([TPM_SEGMENT, ...blob.subarray(0, middle)]);
  };

  const decide = (device: DeviceIdentity, response: Buffer): SaslStep => {
    const isToken = response[0] === 0 && response.length > 1;
    return {
      kind: 'decided',
      authenticated: isToken && challenger.admits(device, response.toString('utf8', 1)),
    };
  };

  return { next: (response) => due(response) };
}

interface TpmIdentity {
  readonly device: DeviceIdentity;
  readonly endorsementKey: Uint8Array;
}

/** Zero, idScope, zero, registrationId, zero, EK; the C SDK's fragments of it, which begin otherwise, are refused. */
function readIdentity(bytes: Buffer): TpmIdentity | undefined {
  const scopeEnd = bytes.indexOf(0, 1);
  const idEnd = bytes.indexOf(0, scopeEnd + 1);
  if (bytes[0] !== 0 || scopeEnd < 0 || idEnd < 0) return undefined;
  return {
    device: {
      idScope: bytes.toString('utf8', 1, scopeEnd),
      registrationId: bytes.toString('utf8', scopeEnd + 1, idEnd),
    },
    endorsementKey: bytes.subarray(idEnd + 1),
  };
}

const refused: SaslStep = { kind: 'decided', authenticated: false };

const ask = (bytes: ArrayLike<number>): SaslStep => ({ kind: 'challenge', bytes: Uint8Array.from(bytes) });
