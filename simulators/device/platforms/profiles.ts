import type { EdgeProfile } from './edge-profile.ts';

const oneOne: EdgeProfile = {
  dpsApiVersion: '2019-04-15',
  hubApiVersion: '2017-11-08-preview',
  endpointPathIs: 'joined',
  sas: { lifeSeconds: 3600, newFor: 'registration', slash: '%2F', symmetricKeyHasSkn: true },
  tpmKeysInSecondRequest: true,
  poll: { firstDelayMs: 0, delayMs: 10_000, most: 13 },
  cloud: { timeoutMs: 30_000, leastTimeoutSeconds: 1, retries: 0, retryDelayMs: 0 },
  throttleWaits: [],
  strictAnswers: false,
  payload: false,
  tpm: { keyHandle: 'fixed', settings: false, evictsFirst: false, srkAttributes: 0x00030072 },
  backup: 'when-dps-fails',
  reprovisionsOnError: 'dynamic-only',
  renewsIdentity: false,
};

const oneTwo: EdgeProfile = {
  ...oneOne,
  dpsApiVersion: '2018-11-01',
  endpointPathIs: 'followed',
  sas: { lifeSeconds: 30, newFor: 'request', slash: '/', symmetricKeyHasSkn: false },
  cloud: { timeoutMs: 10_000, leastTimeoutSeconds: 1, retries: 0, retryDelayMs: 3_000 },
  backup: 'skips-dps',
};

const oneThree: EdgeProfile = {
  ...oneTwo,
  dpsApiVersion: '2021-06-01',
  endpointPathIs: 'replaced',
  sas: { lifeSeconds: 30, newFor: 'registration', slash: '/', symmetricKeyHasSkn: true },
  tpmKeysInSecondRequest: false,
  poll: { firstDelayMs: 5_000, delayMs: 5_000, most: undefined },
  cloud: { ...oneTwo.cloud, retries: 1 },
  strictAnswers: true,
  reprovisionsOnError: 'always',
  renewsIdentity: true,
};

/** Of the identity service from 1.4.3 on, which the last releases of 1.4 and all later ones carry. */
const oneFour: EdgeProfile = {
  ...oneThree,
  cloud: { timeoutMs: 70_000, leastTimeoutSeconds: 70, retries: 1, retryDelayMs: 3_000 },
  throttleWaits: [
    { delayMs: 60_000, jitterMs: 10_000 },
    { delayMs: 120_000, jitterMs: 20_000 },
    { delayMs: 180_000, jitterMs: 30_000 },
    { delayMs: 300_000, jitterMs: 30_000 },
  ],
  payload: true,
  tpm: { keyHandle: 'config', settings: true, evictsFirst: true, srkAttributes: 0x00030472 },
};

/** One row for each generation of the daemon; 1.4 to 1.6 agree on the wire. */
export const edgeProfiles = {
  '1.1': oneOne,
  '1.2': oneTwo,
  '1.3': oneThree,
  '1.4': oneFour,
  '1.5': oneFour,
  '1.6': oneFour,
} as const satisfies Record<string, EdgeProfile>;

export type EdgeVersion = keyof typeof edgeProfiles;

/** Oldest first. */
export const edgeVersions = Object.keys(edgeProfiles) as [EdgeVersion, ...EdgeVersion[]];
