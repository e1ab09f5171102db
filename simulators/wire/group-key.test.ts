import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../kernel/bytes.ts';
import { deriveGroupDeviceKey } from './group-key.ts';

describe('deriveGroupDeviceKey', () => {
  // Microsoft's documentation, "Symmetric key attestation", section on group enrollments.
  it('gives the key of the documentation', () => {
    const groupKey = fromBase64(
      '8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==',
    );
    const key = deriveGroupDeviceKey(groupKey, 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6');
    expect(toBase64(key)).toBe('Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=');
  });

  it('minds the case of the registrationId', () => {
    const groupKey = fromBase64('MDEyMzQ1Njc4OWFiY2RlZg==');
    expect(deriveGroupDeviceKey(groupKey, 'Dev')).not.toEqual(deriveGroupDeviceKey(groupKey, 'dev'));
  });

  it('is HMAC-SHA256 of the id under the group key, for any of both', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), fc.string(), (groupKey, id) => {
        expect(toBase64(deriveGroupDeviceKey(groupKey, id))).toBe(
          createHmac('sha256', groupKey).update(id, 'utf8').digest('base64'),
        );
      }),
    );
  });
});
