import { describe, expect, it } from 'vitest';
import { decodeResponseCode, tpmResponseError } from './response-code.ts';

describe('decodeResponseCode', () => {
  // Codes that swtpm 0.7.1 and other TPMs were seen to answer; names checked with tpm2_rc_decode 5.4.
  it.each([
    [0x000, 'TPM_RC_SUCCESS', 'success', undefined, undefined],
    [0x100, 'TPM_RC_INITIALIZE', 'format-0', undefined, undefined],
    [0x101, 'TPM_RC_FAILURE', 'format-0', undefined, undefined],
    [0x142, 'TPM_RC_COMMAND_SIZE', 'format-0', undefined, undefined],
    [0x14b, 'TPM_RC_NV_SPACE', 'format-0', undefined, undefined],
    [0x14c, 'TPM_RC_NV_DEFINED', 'format-0', undefined, undefined],
    [0x18b, 'TPM_RC_HANDLE', 'format-1', 'handle', 1],
    [0x28b, 'TPM_RC_HANDLE', 'format-1', 'handle', 2],
    [0x185, 'TPM_RC_HIERARCHY', 'format-1', 'handle', 1],
    [0x1df, 'TPM_RC_INTEGRITY', 'format-1', 'parameter', 1],
    [0x2e5, 'TPM_RC_BINDING', 'format-1', 'parameter', 2],
    [0x98e, 'TPM_RC_AUTH_FAIL', 'format-1', 'session', 1],
    [0x9a2, 'TPM_RC_BAD_AUTH', 'format-1', 'session', 1],
    [0xa9d, 'TPM_RC_POLICY_FAIL', 'format-1', 'session', 2],
    [0x084, 'TPM_RC_VALUE', 'format-1', undefined, undefined],
    [0x902, 'TPM_RC_OBJECT_MEMORY', 'warning', undefined, undefined],
    [0x903, 'TPM_RC_SESSION_MEMORY', 'warning', undefined, undefined],
    [0x907, 'TPM_RC_LOCALITY', 'warning', undefined, undefined],
    [0x911, 'TPM_RC_REFERENCE_H1', 'warning', undefined, undefined],
    [0x921, 'TPM_RC_LOCKOUT', 'warning', undefined, undefined],
    [0x922, 'TPM_RC_RETRY', 'warning', undefined, undefined],
    [0x01e, 'TPM_RC_BAD_TAG', 'tpm12', undefined, undefined],
    [0x500, 'TPM_RC_0x500', 'vendor', undefined, undefined],
    [0x17e, 'TPM_RC_0x17E', 'format-0', undefined, undefined],
    [0x000b0143, 'TPM_RC_COMMAND_CODE', 'format-0', undefined, undefined],
    [0x0006000b, 'TPM_RC_0x6000B', 'layer', undefined, undefined],
    [0x80280400, 'TPM_E_COMMAND_BLOCKED', 'layer', undefined, undefined],
  ])('decodes 0x%s', (code, name, kind, subject, index) => {
    expect(decodeResponseCode(code)).toMatchObject({ name, kind, subject, index });
  });

  it('finds a name and a description for every 12-bit code', () => {
    for (let code = 0; code <= 0xfff; code += 1) {
      const { name, description } = decodeResponseCode(code);
      expect(name).toMatch(/^TPM_RC_(0x[0-9A-F]{3,}|[A-Z0-9_]+)$/);
      expect(description).not.toBe('');
    }
  });
});

describe('tpmResponseError', () => {
  it('carries the name as its code, and says what to do', () => {
    const error = tpmResponseError('TPM2_StartAuthSession', 0x903);
    expect(error).toMatchObject({ code: 'TPM_RC_SESSION_MEMORY', responseCode: 0x903 });
    expect(error.hint).toContain('Flush');
  });
});
