import { describe, expect, it } from 'vitest';
import type { RegistrationRecord } from '../../simulators/index.ts';
import { registeredSince } from './external-endpoint.ts';

const record = (
  registrationId: string,
  timesAssigned: number,
  status: RegistrationRecord['status'] = 'assigned',
): RegistrationRecord => ({
  registrationId,
  status,
  timesAssigned,
  assignedHub: 'hub.example.net',
  deviceId: registrationId,
  enrollmentId: registrationId,
});

describe('registeredSince', () => {
  it('counts only what was registered since', () => {
    const before = [record('again', 2), record('idle', 1)];
    const now = [record('again', 3), record('idle', 1), record('new', 1)];
    expect(registeredSince(before, now)).toEqual([record('again', 1), record('new', 1)]);
  });

  it('still sees a device that was assigned twice since', () => {
    expect(registeredSince([record('doubled', 1)], [record('doubled', 3)])).toEqual([record('doubled', 2)]);
  });

  it('keeps what was refused since, though it was never assigned', () => {
    const now = [record('blocked', 0, 'disabled')];
    expect(registeredSince([], now)).toEqual(now);
  });
});
