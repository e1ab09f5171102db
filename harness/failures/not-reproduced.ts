/** Rows of the catalogue without a scenario, and why. */
export const notReproduced: Readonly<Record<string, { readonly what: string; readonly why: string }>> = {
  E1: {
    what: 'nobody knows how to read the EK inside the VM',
    why: 'a question of documents: `dps-rig tpm info` and Get-EflowVmTpmProvisioningInfo in docs/tpm.md print it',
  },
  P6: { what: 'the C# SDK obeys Retry-After and adds jitter', why: 'the good example: nothing fails' },
  S7: {
    what: 'registry creates of a load generator are throttled, and it crashes',
    why: 'the emulator makes identities of its hubs through DPS and its management API, which have no such limit',
  },
  S15: {
    what: 'first refused by a webhook, then allowed: the cache cannot be cleared',
    why: 'a matter of the daemon’s files; `fail` with `attempts = 1` gives the service’s part',
  },
  S16: {
    what: 'the agent cannot authenticate while its device is provisioned to another hub',
    why: 'devices of a fleet keep module keys and identities together; scenarios/platforms/device-life.toml reprovisions',
  },
  S17: {
    what: 'permission denied: could not load key pair, since 1.2',
    why: 'the rights of the key service’s user; `pin-unreadable` is the same with a token',
  },
  S18: {
    what: 'a TPM device does not provision again after an import from 1.1',
    why: 'the import is not run here; docs/configuration.md reads both forms',
  },
  S23: {
    what: 'TPM support was removed from newer SDKs',
    why: 'SDKs of other languages are not among the clients',
  },
  T3: {
    what: 'devices share an EK and a registrationId',
    why: 'the plan gives every device a TPM of its own; the oracle’s check for crossed and doubled devices is tested by itself',
  },
  T28: {
    what: 'NULL value argument given, after the first ASSIGNING over AMQP',
    why: 'the C SDK is not among the clients; `retry-after` with "absent" is the service’s part over HTTPS',
  },
  X2: {
    what: 'the root of a group was not uploaded and verified',
    why: 'an enrollment that names a CA which is not verified is refused when it is stored: simulators/dps/enrollment-store.test.ts',
  },
  X5: {
    what: 'the proof of possession of a CA fails',
    why: 'no device takes part in it: the management API refuses a proof with another CN, in its own tests',
  },
  X13: { what: 'EST fails once, and the device is stuck', why: 'there is no EST server here' },
  X16: {
    what: 'registration ID is currently required, after an update',
    why: 'a mistake in a file, before any device: `dps-rig device --config` reads files as each version does',
  },
  X17: {
    what: '1.4 to 1.5: no certificate and no configuration were made',
    why: 'a matter of packages, before any device',
  },
};
