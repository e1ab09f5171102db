import { type DeviceFault, throttled } from './device-fault.ts';

const pollsTooOften = (description: string, pollSeconds: (told: number | undefined) => number) =>
  ({
    description,
    enrollments: ['individual', 'group'],
    clients: 'native',
    expected: { 'symmetric-key': throttled, x509: throttled },
    pollSeconds,
  }) as const satisfies DeviceFault;

/** It takes Retry-After when it is 2 to 5 s, and waits 2 s otherwise. Source: azure-iot-sdk-java. */
export const pollsAsJavaSdk = pollsTooOften(
  'polls as the Java SDK, which takes a Retry-After over 5 s for 2 s',
  (told) => (told !== undefined && told >= 2 && told <= 5 ? told : 2),
);

/** It takes Retry-After when it is 1 to 300 s, and waits 1 s otherwise. Source: azure-iot-sdk-c, MQTT and HTTPS. */
export const pollsAsCSdk = pollsTooOften(
  'polls as the C SDK, which takes a Retry-After over 300 s for 1 s',
  (told) => (told !== undefined && told >= 1 && told <= 300 ? told : 1),
);
