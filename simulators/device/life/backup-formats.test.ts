import { describe, expect, it } from 'vitest';
import { deviceInfoFormat, provisioningBackupFormat } from './backup-formats.ts';

const device = { hub: 'hub-1.azure-devices.net', deviceId: 'dev "01" \\ ü' };

describe.each([
  ['device_info', deviceInfoFormat],
  ['provisioning_backup.json', provisioningBackupFormat],
])('%s', (_name, format) => {
  it('gives back what was written', () => {
    expect(format.read(format.write(device))).toEqual(device);
  });

  it.each(['', 'unprovisioned', '{}', 'hub_name = "a"', 'hub_name = 1\ndevice_id = "b"'])(
    'does not take %j for a device',
    (text) => {
      expect(() => format.read(text)).toThrow();
    },
  );
});
