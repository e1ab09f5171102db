import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRigProgram, type EndedProgram, type RigProgram } from '../support/rig-program.ts';

/** The whole program: devices register, go on to their hub with what they were assigned, and send one message. */
describe('dps-rig run scenarios/conformance/hub.toml', () => {
  let rig: RigProgram;
  let ended: EndedProgram;

  beforeAll(async () => {
    rig = createRigProgram();
    ended = await rig.run(
      'run',
      fileURLToPath(new URL('../../scenarios/conformance/hub.toml', import.meta.url)),
      '--out',
      rig.out,
    );
  }, 120_000);
  afterAll(() => rig[Symbol.asyncDispose]());

  it('passes with both clients, every attestation and every key store, over every transport', () => {
    expect(ended).toMatchObject({ exitCode: 0 });
    const { outcomes, devices, cells } = rig.result();
    expect(outcomes).toMatchObject({ assigned: devices, ended: 0, error: 0 });
    const transports = new Set(cells.filter((cell) => cell.devices > 0).map((cell) => cell.transport));
    expect(transports).toEqual(new Set(['https', 'mqtt', 'mqtt-ws', 'amqp', 'amqp-ws']));
    expect(
      new Set(cells.filter(({ notPossible }) => notPossible === null).map(({ keyStore }) => keyStore)).size,
    ).toBe(3);
  });

  it('times the way to the hub and the message', () => {
    const { phases, devices } = rig.result();
    expect(phases['hub-connect']).toMatchObject({ count: devices });
    expect(phases['telemetry']).toMatchObject({ count: devices });
  });

  it('has the oracle count the messages at the hubs', () => {
    const { checks, devices } = rig.result();
    const sent = checks.find(({ name }) => name.startsWith('every device sent one message'));
    expect(sent).toMatchObject({ passed: true, actual: `${devices} messages of ${devices} devices` });
  });

  it('says why a TPM device cannot come without DPS', () => {
    const [cell] = rig.result().cells.filter(({ name }) => name.includes('manual/tpm'));
    expect(cell?.notPossible).toMatch(/IoT Hub has no TPM attestation/);
  });
});
