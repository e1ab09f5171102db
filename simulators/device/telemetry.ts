import type { Telemetry } from '../transport/hub-transport.ts';

/** The one message of a device that has found its hub. Its property is in lower case, as it comes out of HTTP in any case. */
export const telemetryOf = (registrationId: string): Telemetry => ({
  body: JSON.stringify({ registrationId, temperature: 21 }),
  properties: { registrationid: registrationId },
});
