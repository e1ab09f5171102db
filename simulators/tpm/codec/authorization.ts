import type { ByteReader, ByteWriter } from '../../kernel/bytes.ts';
import { TPM_RH, TPMA_SESSION } from './constants.ts';

/** TPMS_AUTH_COMMAND without a nonce: a password, or a policy session that needs no HMAC (Part 2 §10.13.2). */
export interface CommandAuthorization {
  /** TPM_RS_PW or a session handle. */
  readonly sessionHandle: number;
  /** TPMA_SESSION bits. */
  readonly attributes: number;
  /** The password; empty for a policy session. */
  readonly hmac: Uint8Array;
}

const empty = new Uint8Array(0);

/** The authorization that a TPM wants where nobody set a password. */
export const emptyPassword: CommandAuthorization = {
  sessionHandle: TPM_RH.PW,
  attributes: TPMA_SESSION.CONTINUE_SESSION,
  hmac: empty,
};

/** Authorizes by password. */
export const password = (value: Uint8Array): CommandAuthorization => ({ ...emptyPassword, hmac: value });

/**
 * Authorizes by a policy session whose policy is satisfied.
 *
 * Without `continueSession` the TPM closes the session when the command succeeds.
 */
export const policySession = (sessionHandle: number, continueSession: boolean): CommandAuthorization => ({
  sessionHandle,
  attributes: continueSession ? TPMA_SESSION.CONTINUE_SESSION : 0,
  hmac: empty,
});

/** The authorization area of a command, behind its 32-bit size (Part 1 §18.4). */
export function writeAuthorizationArea(
  writer: ByteWriter,
  authorizations: readonly CommandAuthorization[],
): void {
  const withoutHmac = 4 + 2 + 1 + 2;
  writer.u32(authorizations.reduce((size, { hmac }) => size + withoutHmac + hmac.length, 0));
  for (const { sessionHandle, attributes, hmac } of authorizations) {
    writer.u32(sessionHandle).sized(empty).u8(attributes).sized(hmac);
  }
}

/** Passes over the TPMS_AUTH_RESPONSEs (Part 2 §10.13.3): passwords and plain policies have nothing to check. */
export function skipResponseAuthorizations(reader: ByteReader, count: number): void {
  for (let skipped = 0; skipped < count; skipped += 1) {
    reader.sized('nonceTPM');
    reader.u8('sessionAttributes');
    reader.sized('session hmac');
  }
}
