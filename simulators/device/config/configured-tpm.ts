import { toBase64 } from '../../kernel/bytes.ts';
import { EnvironmentError, UsageError } from '../../kernel/errors.ts';
import { createLimiter } from '../../kernel/limiter.ts';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import { withQueue } from '../../tpm/decorators/queue.ts';
import { ensureTpms } from '../../tpm/manufacture.ts';
import { createTpmClient } from '../../tpm/tpm-client.ts';
import { openTpmHost, type TpmHost } from '../../tpm/tpm-host.ts';
import type { TpmTransport } from '../../tpm/transport.ts';
import { openTctiTransport } from '../../tpm/transports/tcti.ts';
import type { DeviceCredentials } from '../device-spec.ts';
import { ensureEdgeKeys } from '../platforms/edge-tpm-keys.ts';
import { type EdgeVersion, edgeProfiles } from '../platforms/profiles.ts';
import type { EdgeConfig } from './edge-config.ts';

/** The TPM that a configuration means, or the one that stands in for it. */
export interface ConfiguredTpm extends AsyncDisposable {
  readonly host: TpmHost;
  readonly credentials: Extract<DeviceCredentials, { kind: 'tpm' }>;
  /** TPM2B_PUBLIC, with its size field. */
  readonly endorsementKey: Uint8Array;
  /** What stands in for what, and what is not as the configuration has it. */
  readonly remarks: readonly string[];
}

/**
 * Opens the TPM of a device: behind `swtpm:` and `mssim:` strings the one that listens there, by libtss2; for all
 * others, which mean hardware of the device, a software TPM of ours that is the same each time.
 *
 * @throws EnvironmentError when swtpm or libtss2 is missing, or nothing listens
 * @throws UsageError when the string leads off this machine
 */
export async function openConfiguredTpm(
  { tpm, version }: EdgeConfig,
  signal: AbortSignal,
): Promise<ConfiguredTpm> {
  return /^(swtpm|mssim)(:|$)/.test(tpm.tcti)
    ? openListening(tpm.tcti, version, signal)
    : openStandIn(tpm.tcti, signal);
}

async function openStandIn(tcti: string, signal: AbortSignal): Promise<ConfiguredTpm> {
  const [made] = await ensureTpms({ count: 1, signal });
  if (made === undefined) throw new EnvironmentError('TPM cache', 'has no TPM');
  await using cleanup = new AsyncDisposableStack();
  const work = cleanup.use(await openScratchDirectory({ name: 'device-tpm' }));
  const host = cleanup.use(await openTpmHost({ mode: 'dedicated', workDirectory: work.path }));
  const { tpmId, stateFile, endorsementKey, storageRootKey } = made;
  const resources = cleanup.move();
  return {
    host,
    credentials: { kind: 'tpm', tpmId, stateFile, ...asText(endorsementKey, storageRootKey) },
    endorsementKey,
    remarks: [
      `tcti ${JSON.stringify(tcti)} means hardware of the device: a software TPM (${tpmId} of the cache) stands in for it`,
    ],
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function openListening(
  tcti: string,
  version: EdgeVersion,
  signal: AbortSignal,
): Promise<ConfiguredTpm> {
  const peer = /(?:^|[:,])host=([^,]*)/.exec(tcti)?.[1];
  if (peer !== undefined && !/^(localhost|127\.[\d.]+|::1)$/.test(peer)) {
    throw new UsageError(`the TPM at ${peer} is not on this machine`, {
      hint: 'Publish one here: dps-rig tpm serve.',
    });
  }
  await using cleanup = new AsyncDisposableStack();
  const transport = withQueue(cleanup.use(await openTctiTransport(tcti)));
  const { endorsementKey, storageRootKey } = await ensureEdgeKeys(
    createTpmClient(transport),
    edgeProfiles[version],
    signal,
  );
  const resources = cleanup.move();
  return {
    host: hostOf(transport),
    credentials: { kind: 'tpm', tpmId: tcti, stateFile: '', ...asText(endorsementKey, storageRootKey) },
    endorsementKey,
    remarks: [`the TPM at ${tcti} is used as it is, by libtss2`],
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** One TPM that is open already, for as long as somebody else keeps it open. */
function hostOf(transport: TpmTransport): TpmHost {
  const flows = createLimiter(1);
  return {
    mode: 'dedicated',
    open: () =>
      Promise.resolve({
        use: (flow, signal) => flows.run(() => flow(transport), signal),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const asText = (endorsementKey: Uint8Array, storageRootKey: Uint8Array) => ({
  endorsementKey: toBase64(endorsementKey),
  storageRootKey: toBase64(storageRootKey),
});
