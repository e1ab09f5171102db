const operationId = '4.0123456789abcdef.00000000-0000-4000-8000-000000000000';

/** JSON of the service's length and shape: to register, or to a status query. */
export function nullAnswer(registering: boolean, registrationId: string): string {
  if (registering) return JSON.stringify({ operationId, status: 'assigning' });
  const now = new Date().toISOString();
  const registrationState = {
    registrationId,
    createdDateTimeUtc: now,
    assignedHub: 'null-hub.azure-devices.net',
    deviceId: registrationId,
    status: 'assigned',
    substatus: 'initialAssignment',
    lastUpdatedDateTimeUtc: now,
    etag: 'IjY5MDAzNTUyLTAwMDAtMDMwMC0wMDAwLTYzMGZkYThhMDAwMCI=',
  };
  return JSON.stringify({ operationId, status: 'assigned', registrationState });
}
