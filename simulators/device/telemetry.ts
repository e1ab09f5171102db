import type { Telemetry } from '../transport/hub-transport.ts';

/** The one message of a device that has found its hub. */
export const telemetryOf = (registrationId: string): Telemetry => ({
  body: JSON.stringify({ registrationId, temperature: 21 }),
  properties: { registrationId },
});
