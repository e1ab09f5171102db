import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError, DpsServiceError, TpmResponseError, TransportError } from '../kernel/errors.ts';
import { seededRandom } from '../kernel/random.ts';
import {
  MAX_RETRY_AFTER_MS,
  type RetryCause,
  retryCause,
  retryDelayMs,
  retryPolicies,
} from './retry-policy.ts';

const refused = (status: number, retryAfterSeconds?: number): DpsServiceError =>
  new DpsServiceError({ status, message: 'no', retryAfterSeconds });

describe('retryCause', () => {
  it.each([
    [refused(429), 'throttled'],
    [refused(500), 'service-unavailable'],
    [refused(503), 'service-unavailable'],
    [new TransportError('connect', 'ECONNREFUSED', ''), 'connection'],
    [new TransportError('receive', 'ECONNRESET', ''), 'connection'],
    [new TransportError('resolve', 'EAI_AGAIN', ''), 'connection'],
    [new TransportError('receive', 'RESPONSE_TRUNCATED', ''), 'connection'],
    [refused(400), undefined],
    [refused(401), undefined],
    [refused(404), undefined],
    [refused(409), undefined],
    [new TransportError('resolve', 'ENOTFOUND', ''), undefined],
    [new TransportError('tls', 'ERR_TLS_CERT_ALTNAME_INVALID', ''), undefined],
    [new TransportError('receive', 'RESPONSE_NOT_JSON', ''), undefined],
    [new TransportError('timeout', 'TIMEOUT', ''), undefined],
    [new TransportError('aborted', 'ABORTED', ''), undefined],
    [new CodecError('', 0, ''), undefined],
    [new TpmResponseError({ responseCode: 1, responseName: 'TPM_RC_FAILURE', command: '' }), undefined],
    [new TypeError('bug'), undefined],
  ])('of %o is %s', (error, cause) => {
    expect(retryCause(error)).toBe(cause);
  });
});

describe('retryDelayMs', () => {
  const random = seededRandom(1);
  const delayOf = (cause: RetryCause, error: unknown, retried: number): number | undefined =>
    retryDelayMs(retryPolicies.standard, { cause, error }, retried, random);

  it('obeys Retry-After to the second', () => {
    expect(delayOf('throttled', refused(429, 7), 0)).toBe(7_000);
    expect(delayOf('service-unavailable', refused(503, 0), 0)).toBe(0);
  });

  it('gives up when the service asks for too long', () => {
    expect(delayOf('throttled', refused(429, MAX_RETRY_AFTER_MS / 1000), 0)).toBe(MAX_RETRY_AFTER_MS);
    expect(delayOf('throttled', refused(429, MAX_RETRY_AFTER_MS / 1000 + 1), 0)).toBeUndefined();
  });

  it('gives up after the number of retries of its row', () => {
    const { retries } = retryPolicies.standard.throttled;
    expect(delayOf('throttled', refused(429), retries - 1)).toBeDefined();
    expect(delayOf('throttled', refused(429), retries)).toBeUndefined();
  });

  it('never retries under the policy none', () => {
    for (const cause of ['throttled', 'service-unavailable', 'connection'] as const) {
      expect(retryDelayMs(retryPolicies.none, { cause, error: refused(429, 1) }, 0, random)).toBeUndefined();
    }
  });

  it('doubles, takes between half and all of it, and stays below the maximum', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat({ max: 4 }), (seed, retried) => {
        const { firstDelayMs, maxDelayMs } = retryPolicies.standard.throttled;
        const failure = { cause: 'throttled', error: refused(429) } as const;
        const delay =
          retryDelayMs(retryPolicies.standard, failure, retried, seededRandom(seed)) ?? Number.NaN;
        const full = Math.min(maxDelayMs, firstDelayMs * 2 ** retried);
        expect(delay).toBeGreaterThanOrEqual(full / 2);
        expect(delay).toBeLessThanOrEqual(full);
      }),
    );
  });
});
