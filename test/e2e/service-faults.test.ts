import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDpsControl, type RunningDps, startDps } from '../../simulators/index.ts';

describe('the management API of an emulator', () => {
  let dps: RunningDps;
  beforeAll(async () => {
    dps = await startDps({ faults: [{ kind: 'throttle', probability: 0.2 }] });
  });
  afterAll(() => dps[Symbol.asyncDispose]());

  it('tells the faults that the emulator was ordered, and takes others', async () => {
    const control = connectDpsControl(dps.management.url);
    expect(await control.faults()).toEqual([{ kind: 'throttle', probability: 0.2 }]);
    await control.orderFaults([{ kind: 'reset', devices: 'rig-*', attempts: 1 }]);
    expect(await dps.control.faults()).toEqual([{ kind: 'reset', devices: 'rig-*', attempts: 1 }]);
    await control.orderFaults([]);
    expect(await control.faults()).toEqual([]);
  });

  it('refuses a fault that it does not know', async () => {
    const response = await fetch(new URL('/faults', dps.management.url), {
      method: 'PUT',
      body: JSON.stringify([{ kind: 'gremlins' }]),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'USAGE' });
  });
});
