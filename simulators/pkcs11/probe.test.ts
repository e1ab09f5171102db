import { describe, expect, it } from 'vitest';
import { EnvironmentError } from '../kernel/errors.ts';
import { findSoftHsmModule, probeCryptokiModule } from './probe.ts';

describe('probing a PKCS#11 module', () => {
  const path = findSoftHsmModule();

  it.skipIf(path === undefined)('reads who SoftHSM says it is', () => {
    const info = probeCryptokiModule(path ?? '');
    expect(info.library).toContain('SoftHSM');
    expect(info.cryptokiVersion).toMatch(/^2\.\d+$/);
  });

  it('names the file when it is not a PKCS#11 module', () => {
    expect(() => probeCryptokiModule('/nonexistent.so')).toThrow(EnvironmentError);
  });
});
