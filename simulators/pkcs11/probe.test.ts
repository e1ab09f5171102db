import { PKCS11 } from 'pkcs11js';
import { describe, expect, it } from 'vitest';
import { EnvironmentError } from '../kernel/errors.ts';
import { findSoftHsmModule, probeCryptokiModule } from './probe.ts';

describe('probing a PKCS#11 module', () => {
  const path = findSoftHsmModule();

  it.skipIf(path === undefined)('reads who SoftHSM says it is', () => {
    const info = probeCryptokiModule(path ?? '');
    expect(info.manufacturer).toBe('SoftHSM');
    expect(info.cryptokiVersion).toMatch(/^2\.\d+$/);
  });

  it.skipIf(path === undefined)('names the call and the CKR code when the module refuses', () => {
    const held = new PKCS11();
    held.load(path ?? '');
    held.C_Initialize();
    try {
      let refusal: unknown;
      try {
        probeCryptokiModule(path ?? '');
      } catch (error) {
        refusal = (error as EnvironmentError).cause;
      }
      expect(refusal).toMatchObject({ code: 'CKR_CRYPTOKI_ALREADY_INITIALIZED', call: 'C_Initialize' });
    } finally {
      held.C_Finalize();
      held.close();
    }
  });

  it('names the file when it is not a PKCS#11 module', () => {
    expect(() => probeCryptokiModule('/nonexistent.so')).toThrow(EnvironmentError);
  });
});
