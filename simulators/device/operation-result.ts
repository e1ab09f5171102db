import type { RegistrationOperationStatus } from '../wire/device-api.ts';
import type { DeviceResult } from './device-trace.ts';

/** Whether the service is still at it, so that the device must ask again. */
export const isPending = ({ status }: RegistrationOperationStatus): boolean =>
  status === 'assigning' || status === 'unassigned';

/** How a finished operation reads as a device's result. Missing texts become empty or generic ones. */
export function resultOfOperation({ status, registrationState }: RegistrationOperationStatus): DeviceResult {
  if (status === 'assigned') {
    const { assignedHub = '', deviceId = '', substatus } = registrationState ?? {};
    return { kind: 'assigned', assignedHub, deviceId, ...(substatus === undefined ? {} : { substatus }) };
  }
  const { errorCode, errorMessage = `the registration ended as ${status}` } = registrationState ?? {};
  return {
    kind: 'ended',
    status,
    ...(errorCode === undefined ? {} : { errorCode }),
    message: errorMessage,
  };
}
