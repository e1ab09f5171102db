import { blockThreadMs, type Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { TpmTransport } from '../transport.ts';
import { commandCodeOf } from '../transports/tpm-framing.ts';
import { type ChipName, type ChipTimes, chips } from './chips.ts';
import { decorate } from './decorate.ts';

export interface LatencyOptions {
  readonly chip: ChipName;
  /** One per TPM: its draws follow the order of that TPM's commands. */
  readonly random: Random;
  readonly clock: Clock;
}

/** A fixed average with ±10 %, a uniform range, or the time of a search for primes. */
type Duration =
  | { readonly kind: 'average'; readonly ms: number }
  | { readonly kind: 'range'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'keygen'; readonly meanMs: number };

// Assumptions, not measurements: nobody publishes these. Real chips answer small commands in 10 to 30 ms, and take
// 20 to 60 ms where flash memory is written.
const small: Duration = { kind: 'range', fromMs: 10, toMs: 30 };
const nvWrite: Duration = { kind: 'range', fromMs: 20, toMs: 60 };
/** For chips without a published figure: the middle of those that have one. */
const assumed = { rsaKeygenMs: 3_400, rsaPublicMs: 13, eccKeygenMs: 150, ecdhMs: 120 } as const;

/**
 * Makes a TPM as slow as a real chip: an answer comes when the chip would have given it, by a timer and never by
 * using CPU. A command that takes longer than that by itself is not delayed.
 */
export function withLatency(inner: TpmTransport, { chip, random, clock }: LatencyOptions): TpmTransport {
  return decorate(inner, {
    send: async (command, signal) => {
      const durationMs = draw(durationOf(command, chips[chip]), random);
      const startMs = clock.monotonicMs();
      const response = await inner.send(command, signal);
      const remainingMs = durationMs - (clock.monotonicMs() - startMs);
      if (remainingMs > 0) await clock.sleepMs(remainingMs, signal);
      return response;
    },
    // A slow chip stops the thread, for there is no other way to sign in a TLS handshake.
    sendSync: (sendSync) => (command, deadlineMs) => {
      const durationMs = draw(durationOf(command, chips[chip]), random);
      const startMs = clock.monotonicMs();
      const response = sendSync(command, deadlineMs);
      blockThreadMs(durationMs - (clock.monotonicMs() - startMs));
      return response;
    },
  });
}

function durationOf(command: Uint8Array, times: ChipTimes): Duration {
  switch (commandCodeOf(command)) {
    case 0x147: // ActivateCredential: the seed, with the EK
    case 0x156: // Import: the seed, with the SRK
    case 0x159: // RSA_Decrypt
      return { kind: 'average', ms: times.rsaOaepMs };
    case 0x148: // Certify
    case 0x158: // Quote
    case 0x15d: // Sign
      return { kind: 'average', ms: times.rsaPrivateMs };
    case 0x174: // RSA_Encrypt
    case 0x177: // VerifySignature
      return { kind: 'average', ms: times.rsaPublicMs ?? assumed.rsaPublicMs };
    case 0x154: // ECDH_ZGen
    case 0x163: // ECDH_KeyGen
      return { kind: 'average', ms: times.ecdhMs ?? assumed.ecdhMs };
    case 0x131: // CreatePrimary
    case 0x153: // Create
      return keyCreation(command, times);
    case 0x120: // EvictControl
    case 0x121: // HierarchyControl
    case 0x122: // NV_UndefineSpace
    case 0x124: // ChangeEPS
    case 0x126: // Clear
    case 0x129: // HierarchyChangeAuth
    case 0x12a: // NV_DefineSpace
    case 0x134: // NV_Increment
    case 0x136: // NV_Extend
    case 0x137: // NV_Write
    case 0x139: // DictionaryAttackLockReset
    case 0x13a: // DictionaryAttackParameters
      return nvWrite;
    default:
      return small;
  }
}

/** By the type in the template: RSA and ECC keys are searched for or computed, symmetric ones are random bytes. */
function keyCreation(command: Uint8Array, times: ChipTimes): Duration {
  switch (templateType(command)) {
    case 0x0001: // TPM_ALG_RSA
      return { kind: 'keygen', meanMs: times.rsaKeygenMs ?? assumed.rsaKeygenMs };
    case 0x0023: // TPM_ALG_ECC
      return { kind: 'average', ms: times.eccKeygenMs ?? assumed.eccKeygenMs };
    default:
      return small;
  }
}

/** Header, one handle, authorisation area, TPM2B_SENSITIVE_CREATE, then the size of TPM2B_PUBLIC and its type. */
function templateType(command: Uint8Array): number | undefined {
  const view = new DataView(command.buffer, command.byteOffset, command.length);
  try {
    const sensitive = 18 + view.getUint32(14);
    return view.getUint16(sensitive + 2 + view.getUint16(sensitive) + 2);
  } catch {
    // Cut short: the TPM will say so itself.
    return undefined;
  }
}

function draw(duration: Duration, random: Random): number {
  switch (duration.kind) {
    case 'average':
      return duration.ms * (0.9 + 0.2 * random.next());
    case 'range':
      return duration.fromMs + (duration.toMs - duration.fromMs) * random.next();
    case 'keygen':
      // Two primes, each found by trying candidates until one fits: two waits without memory.
      return (duration.meanMs / 2) * (exponential(random) + exponential(random));
  }
}

const exponential = (random: Random): number => -Math.log(1 - random.next());
