import { describe, expect, it } from 'vitest';
import { HubDirectory } from './hub-directory.ts';
import { type DeviceToProvision, provisionDevice } from './provision-device.ts';
import { patchTwin } from './twin.ts';

const [one, two] = ['hub-1.example', 'hub-2.example'] as const;
const keys = (name: string) => ({ type: 'sas', primaryKey: `${name}1`, secondaryKey: `${name}2` }) as const;
const device: DeviceToProvision = {
  ...{ hub: one, deviceId: 'dev-01', authentication: keys('a'), iotEdge: true, before: undefined },
  ...{ initialTwin: { tags: { site: 'x' } }, data: 'keep' },
};

/** A directory in which the device is at the first hub, with a twin that was written since. */
function assigned(): HubDirectory {
  const directory = new HubDirectory([one, two]);
  provisionDevice(device, directory);
  const hub = directory.find(one);
  const identity = hub?.get('dev-01');
  if (hub === undefined || identity === undefined) throw new Error('not there');
  hub.put({ ...identity, twin: patchTwin(identity.twin, { tags: { site: 'y' } }) });
  return directory;
}

describe('provisioning', () => {
  it('makes a new identity with its credentials, twin and system modules', () => {
    const directory = new HubDirectory([one, two]);
    provisionDevice(device, directory);
    expect(directory.find(one)?.get('dev-01')).toMatchObject({
      ...{ status: 'enabled', authentication: keys('a'), iotEdge: true, twin: { tags: { site: 'x' } } },
      modules: { $edgeAgent: { authentication: { type: 'none' } }, $edgeHub: {} },
    });
    expect(directory.find(two)?.get('dev-01')).toBeUndefined();
  });

  it('renews credentials of a device that stays, and leaves the rest as it is', () => {
    const directory = assigned();
    const before = { hub: one, deviceId: 'dev-01' };
    const generationId = directory.find(one)?.get('dev-01')?.generationId;
    provisionDevice({ ...device, authentication: keys('b'), before }, directory);
    expect(directory.find(one)?.get('dev-01')).toMatchObject({
      ...{ generationId, authentication: keys('b'), twin: { tags: { site: 'y' } } },
    });
  });

  it('leaves a device disabled that was disabled in its hub', () => {
    const directory = assigned();
    const hub = directory.find(one);
    const identity = hub?.get('dev-01');
    if (identity !== undefined) hub?.put({ ...identity, status: 'disabled' });
    provisionDevice({ ...device, before: { hub: one, deviceId: 'dev-01' } }, directory);
    expect(hub?.get('dev-01')?.status).toBe('disabled');
  });

  it.each([
    ['takes its data along', 'keep', 'y'],
    ['begins anew', 'reset', 'x'],
  ] as const)('moves a device that %s, and removes it from the hub before', (_what, data, site) => {
    const directory = assigned();
    const generationId = directory.find(one)?.get('dev-01')?.generationId;
    provisionDevice({ ...device, hub: two, data, before: { hub: one, deviceId: 'dev-01' } }, directory);
    expect(directory.find(one)?.get('dev-01')).toBeUndefined();
    const moved = directory.find(two)?.get('dev-01');
    expect(moved).toMatchObject({ twin: { tags: { site } }, iotEdge: true });
    expect(moved?.generationId).not.toBe(generationId);
  });

  it('makes a device again that was deleted from its hub', () => {
    const directory = assigned();
    directory.find(one)?.delete('dev-01');
    provisionDevice({ ...device, before: { hub: one, deviceId: 'dev-01' } }, directory);
    expect(directory.find(one)?.get('dev-01')).toMatchObject({ twin: { tags: { site: 'x' } } });
  });
});
