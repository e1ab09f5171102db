import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonObject, parseOperationStatus, parseRetryAfter, serviceError } from './service-answer.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');

describe('parseRetryAfter', () => {
  // The dates are the three forms of RFC 9110 §5.6.7, of which the first is the one to send.
  it.each([
    [undefined, undefined],
    ['0', 0],
    ['3', 3],
    ['Thu, 01 Jan 2026 00:00:07 GMT', 7],
    ['Thursday, 01-Jan-26 00:00:07 GMT', 7],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    ['99999999999', undefined],
  ])('of %j is %j', (value, seconds) => {
    expect(parseRetryAfter(value, nowMs)).toBe(seconds);
  });

  it('is never negative nor broken, whatever the header', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.date().map(String)), (value) => {
        const seconds = parseRetryAfter(value, nowMs);
        if (seconds !== undefined) expect(Number.isInteger(seconds) && seconds >= 0).toBe(true);
      }),
    );
  });
});

describe('parseOperationStatus', () => {
  it.each([
    { operationId: '4.op', status: 'assigning' },
    {
      operationId: '4.op',
      status: 'assigning',
      registrationState: { registrationId: 'a', status: 'assigning' },
    },
    { operationId: '4.op', status: 'failed', registrationState: { errorCode: 400208, unknown: 1 } },
    { operationId: '4.op', status: 'disabled' },
    { operationId: '4.op', status: 'assigned', registrationState: { assignedHub: 'h.x', deviceId: 'a' } },
  ])('takes %j', (answer) => {
    expect(parseOperationStatus(answer)).toEqual(answer);
  });

  it.each([
    {},
    { operationId: '', status: 'assigning' },
    { operationId: 4, status: 'assigning' },
    { operationId: '4.op' },
    { operationId: '4.op', status: 'Assigning' },
    { operationId: '4.op', status: 'assigning', registrationState: [] },
    { operationId: '4.op', status: 'assigning', registrationState: null },
    { operationId: '4.op', status: 'assigned' },
    { operationId: '4.op', status: 'assigned', registrationState: { assignedHub: 'h.x' } },
  ])('refuses %j', (answer) => {
    expect(() => parseOperationStatus(answer)).toThrow(expect.objectContaining({ code: 'CODEC' }));
  });

  it('takes or refuses any JSON, and does nothing else', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const answer = parseJsonObject(text);
        if (answer === undefined) return;
        try {
          parseOperationStatus(answer);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'CODEC' });
        }
      }),
    );
  });
});

describe('serviceError', () => {
  it('lives with a body that is missing or of another shape', () => {
    expect(serviceError(503, undefined, 4)).toMatchObject({
      code: 'DPS_503',
      status: 503,
      retryAfterSeconds: 4,
    });
    const odd = { errorCode: '401002', message: 7, trackingId: null };
    expect(serviceError(401, odd, undefined)).toMatchObject({ code: 'DPS_401', errorCode: undefined });
  });
});
