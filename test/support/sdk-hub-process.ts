import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A visit to a hub for `sdk-hub.ts` to do. */
export interface SdkHubJob {
  readonly transport: 'mqtt' | 'mqtt-ws' | 'amqp' | 'amqp-ws';
  readonly address: string;
  readonly port: number;
  readonly hub: string;
  readonly deviceId: string;
  readonly proof:
    | { readonly kind: 'symmetric-key'; readonly key: string }
    | { readonly kind: 'x509'; readonly cert: string; readonly key: string };
}

/** What came of it, and when the process had ended by itself: no handle of the SDK's keeps it alive. */
export async function visitHubInSdkProcess(
  job: SdkHubJob,
  caFile: string,
): Promise<{ readonly result?: { readonly desired: unknown }; readonly error?: string }> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['test/support/sdk-hub.ts', JSON.stringify(job)],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile }, timeout: 20_000 },
  );
  return JSON.parse(stdout) as { result?: { desired: unknown }; error?: string };
}
