import { afterAll, describe, expect, it } from 'vitest';
import { createRigProgram } from '../support/rig-program.ts';

const rig = createRigProgram();
afterAll(() => rig[Symbol.asyncDispose]());

describe('dps-rig explain', () => {
  it('tells causes, how to tell them apart, and fixes', async () => {
    const { stdout, exitCode } = await rig.run('explain', '401000');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/401000 \(Unauthorized\).*1\. .*look at:.*fix:/s);
  });

  it('finds a line out of a log, given without quotes', async () => {
    const { stdout } = await rig.run('explain', ...'Unit tpm.service could not be found'.split(' '));
    expect(stdout).toContain('Set-EflowVmFeature');
  });

  it('prints JSON', async () => {
    const { stdout } = await rig.run('explain', '--json', 'CKR_PIN_LOCKED');
    expect(JSON.parse(stdout)).toMatchObject([{ layer: 'pkcs11', code: 'CKR_PIN_LOCKED', number: 0xa4 }]);
  });

  it('lists the layers without a question', async () => {
    const { stdout } = await rig.run('explain');
    expect(stdout).toContain('pkcs11');
  });

  it('ends with the code of wrong usage for what nobody knows', async () => {
    const { stderr, exitCode } = await rig.run('explain', 'flux capacitor');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('flux capacitor');
  });
});
