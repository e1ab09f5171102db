import { describe, expect, it } from 'vitest';
import { renderProvisionInfo } from './tpm-provision-info.ts';

const tpm = {
  endorsementKey: { handle: 0x81010001, publicArea: Buffer.from([1, 0x3a, 0]), name: Buffer.alloc(0) },
  registrationIds: { base32: 'abcd234', hex: '00ff' },
};

describe('what a TPM needs for its enrollment', () => {
  it.each([
    [
      'sdk',
      'Gathering the registration information...\r\n\r\nRegistration Id:\r\nabcd234\r\n\r\nEndorsement Key:\r\nAToA\r\n',
    ],
    [
      'tpm2-tools',
      'Gathering the registration information...\n\nRegistration Id:\n00ff\n\nEndorsement Key:\nAToA\n',
    ],
    ['eflow', '\r\nEndorsement Key : AToA\r\nRegistration Id : abcd234\r\n\r\n\r\n'],
  ] as const)('is printed as by the tool of %s, byte for byte', (format, text) => {
    expect(renderProvisionInfo(format, tpm)).toBe(text);
  });

  it('cannot be printed without an EK', () => {
    const nothing = { endorsementKey: undefined, registrationIds: undefined };
    expect(() => renderProvisionInfo('sdk', nothing)).toThrow(
      expect.objectContaining({ code: 'ENVIRONMENT' }),
    );
  });
});
