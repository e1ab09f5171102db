import { CodecError } from '../../kernel/errors.ts';
import { REGISTRATION_KEY_NAME } from '../../wire/constants.ts';
import { parseSasToken, type SasToken, sasResourceMatches } from '../../wire/sas-token.ts';
import { type Refusal, refusals } from '../refusal.ts';
import type { AttestationContext } from './attest.ts';

const toleranceSeconds = { none: 0, '5-minutes': 300 } as const;

/**
 * A token that is well formed, for this device and not expired; its signature is still to be checked.
 *
 * @param operationBeganMs when the operation that is asked about began: a rule may forgive what expired since
 */
export function readDeviceToken(
  text: string,
  device: { readonly idScope: string; readonly registrationId: string },
  { clock, rules }: Pick<AttestationContext, 'clock' | 'rules'>,
  operationBeganMs?: number,
): { readonly token: SasToken } | { readonly refusal: Refusal } {
  let token: SasToken;
  try {
    token = parseSasToken(text);
  } catch (error) {
    if (error instanceof CodecError) return { refusal: refusals.unauthorized(error.message) };
    throw error;
  }
  const resource = `${device.idScope}/registrations/${device.registrationId}`;
  if (!sasResourceMatches(token, resource)) {
    return { refusal: refusals.unauthorized(`the token is for ${token.sr}, not for ${resource}`) };
  }
  // Java writes an empty name, Python none. Another one is a key of the service API, which opens nothing here.
  if (token.skn && token.skn !== REGISTRATION_KEY_NAME) {
    return {
      refusal: refusals.unauthorized(`the token is by key ${token.skn}, not ${REGISTRATION_KEY_NAME}`),
    };
  }
  const forgives = operationBeganMs !== undefined && rules['expired-token-while-assigning'] === 'taken';
  const nowSeconds = (forgives ? operationBeganMs : clock.nowMs()) / 1000;
  if (token.se + toleranceSeconds[rules['clock-tolerance']] <= nowSeconds) {
    return { refusal: refusals.unauthorized(`the token expired ${Math.ceil(nowSeconds - token.se)} s ago`) };
  }
  return { token };
}
