import type { ClientKind } from '../device-spec.ts';
import { createAzureSdkClient } from './azure-sdk.ts';
import { createIotEdgeClient } from './iot-edge.ts';
import { createNativeClient } from './native.ts';
import type { CreateClient } from './provisioning-client.ts';

/** The clients that a device can run. */
export const clients = {
  native: createNativeClient,
  'azure-sdk': createAzureSdkClient,
  'iot-edge': createIotEdgeClient,
} as const satisfies Record<ClientKind, CreateClient>;
