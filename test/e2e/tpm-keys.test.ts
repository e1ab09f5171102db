import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createRigProgram } from '../support/rig-program.ts';

const scenario = fileURLToPath(new URL('../../scenarios/conformance/tpm-keys.toml', import.meta.url));

it('runs devices whose X.509 and symmetric keys stay in TPMs, with both clients, and shows that they stay', async () => {
  await using rig = createRigProgram();
  const { exitCode, stderr } = await rig.run('run', scenario, '--out', rig.out, '--quiet');
  expect(exitCode, stderr).toBe(0);
  const { outcomes, keyCustody } = rig.result();
  expect(outcomes).toEqual({ assigned: 100, ended: 0, error: 8, aborted: 0 });
  const keys = keyCustody?.keys ?? expect.unreachable('the result has no key custody');
  expect(keys).toHaveLength(98);
  for (const key of keys) {
    expect(key).toMatchObject({ sensitive: true, extractable: false, resumed: 0 });
    expect(key.refusedRead).toMatch(/^TPM_RC_/);
    if (key.certificate !== null) expect(key.signatures).toBe(key.handshakes);
  }
  expect(rig.processes('swtpm')).toEqual([]);
  expect(readdirSync(rig.temporary)).toEqual([]);
});
