import { describe, expect, it } from 'vitest';
import { TssError } from './errors.ts';
import { decodeResponseCode } from './rc.ts';

describe('rc', () => {
  it.each([
    [0x1df, 'TPM2_RC_0x1DF', 'tpm', 'tpm:parameter(1):integrity check failed'],
    [0x9a2, 'TPM2_RC_0x9A2', 'tpm', 'tpm:session(1):authorization failure without DA implications'],
    [0x18b, 'TPM2_RC_0x18B', 'tpm', 'tpm:handle(1):the handle is not correct for the use'],
    [0x922, 'TPM2_RC_0x922', 'tpm', 'tpm:warn(2.0): the TPM was not able to start the command'],
    [
      0x100,
      'TPM2_RC_0x100',
      'tpm',
      'tpm:error(2.0): TPM not initialized by TPM2_Startup or already initialized',
    ],
    [0xa000a, 'TSS2_TCTI_RC_IO_ERROR', 'tcti', 'tcti:IO failure'],
    [0x70018, 'TSS2_ESYS_RC_BAD_TR', 'esys', 'esapi:The ESYS_TR resource object is bad'],
    [0x90010, 'TSS2_MU_RC_BAD_SIZE', 'mu', 'mu:If size of a parameter is incorrect'],
  ])('takes %i apart', (responseCode, code, layer, description) => {
    expect(decodeResponseCode(responseCode)).toMatchObject({ code, layer, description });
  });

  it('reads an answer of the TPM that a resource manager passed on', () => {
    expect(decodeResponseCode(0xc0922)).toMatchObject({ code: 'TPM2_RC_0x922', layer: 'resmgr-tpm' });
  });

  it('names what it does not know by number', () => {
    expect(decodeResponseCode(0x2a1234)).toMatchObject({
      code: 'TSS2_LAYER-42_RC_0x1234',
      layer: 'layer-42',
    });
  });

  it('gives an error its call, layer and text', () => {
    const error = new TssError('Esys_Load', 0x1df);
    expect(error).toMatchObject({ call: 'Esys_Load', layer: 'tpm', responseCode: 0x1df });
    expect(error.message).toBe('Esys_Load: tpm:parameter(1):integrity check failed (0x1df)');
  });
});
