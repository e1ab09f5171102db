import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

const storm = `name = "storm"
[endpoint]
kind = "emulator"
assigningDurationMs = 500
retryAfterSeconds = 1
[load]
arrival = "all-at-once"
[run]
gradeClients = true
timeScale = 0.1
`;
const putOff = 'serviceFaults = [{ kind = "throttle", on = "register", attempts = 2, retryAfter = 1 }]\n';
const clients = `${storm}
[[fleet]]
devices = 9
attestation = "symmetric-key"
transport = ["https", "mqtt", "amqp"]
${putOff}
[[fleet]]
devices = 3
attestation = "symmetric-key"
client = "azure-sdk"
expect = { result = "refused", status = 429 }
${putOff}
[[fleet]]
devices = 3
attestation = "symmetric-key"
client = "iot-edge"
version = "1.1"
`;

describe('dps-rig run with run.gradeClients', () => {
  let rig: RigProgram;
  beforeEach(() => {
    rig = createRigProgram();
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  it('grades every client by how it came again at a busy emulator, in all reports', async () => {
    const { exitCode, stdout, stderr } = await rig.run('run', rig.scenario(clients), '--out', rig.out);
    expect(exitCode, stderr).toBe(0);
    const { clientGrades } = rig.result();
    expect(clientGrades?.complete).toBe(true);
    const graded = new Map(clientGrades?.clients.map((one) => [one.client, one]));
    const sdk = graded.get('azure-sdk, https');
    expect(sdk).toMatchObject({ grade: 'D', refusals: 3, gaveUp: { atFirst: 3, later: 0, statuses: [429] } });
    for (const transport of ['https', 'mqtt', 'amqp']) {
      const native = graded.get(`native, ${transport}`) ?? expect.unreachable();
      expect(native, transport).toMatchObject({ grade: 'A', devices: 3, refusals: 6, requests: 12 });
      expect(native.amplification).toBe(2);
      expect(native.retryAfter.onRefusals).toMatchObject({ told: 6, early: 0, toldMs: 1000 });
      expect(native.waits.map(({ refusal, count }) => [refusal, count])).toEqual([
        [1, 3],
        [2, 3],
      ]);
    }
    const daemon = graded.get('iot-edge linux-1.1, https');
    expect(daemon).toMatchObject({ grade: 'C', refusals: 0, retryAfter: { onPolls: { early: 3 } } });

    const evidence = 'gives up at the first refusal (429): 3 of 3 devices';
    expect(stdout).toContain(evidence);
    expect(readFileSync(join(rig.out, 'index.html'), 'utf8')).toContain(evidence);
    expect(readFileSync(join(rig.out, 'summary.md'), 'utf8')).toContain('3 of 3 devices');
  });

  it('refuses where nobody tells what was asked, with the key', async () => {
    const scenario = rig.scenario(
      'name = "s"\n[endpoint]\nkind = "null"\n[run]\ngradeClients = true\n[[fleet]]\ndevices = 1\nattestation = "symmetric-key"\n',
    );
    const { exitCode, stderr } = await rig.run('run', scenario, '--out', rig.out);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('run.gradeClients: an endpoint of kind null');
  });
});
