import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A registration for `sdk-registration.ts` to do. */
export interface SdkJob {
  readonly transport: 'amqp' | 'amqp-ws' | 'mqtt' | 'mqtt-ws';
  readonly address: string;
  readonly port: number;
  readonly idScope: string;
  readonly managementUrl: string;
  readonly registrationId: string;
  readonly proof:
    | { readonly kind: 'symmetric-key'; readonly key: string }
    | { readonly kind: 'x509'; readonly cert: string; readonly key: string }
    /** Made and enrolled there. */
    | { readonly kind: 'tpm' };
}

export interface SdkRegistrationState {
  readonly status: string;
  readonly registrationId: string;
  readonly deviceId: string;
  readonly assignedHub: string;
}

/** What came of it, and when the process had ended by itself: no handle of the SDK's keeps it alive. */
export async function registerInSdkProcess(
  job: SdkJob,
  caFile: string,
): Promise<{ readonly state?: SdkRegistrationState; readonly error?: string }> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['test/support/sdk-registration.ts', JSON.stringify(job)],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile }, timeout: 20_000 },
  );
  const { result, error } = JSON.parse(stdout) as {
    result?: SdkRegistrationState & { registrationState?: SdkRegistrationState };
    error?: string;
  };
  return error === undefined && result !== undefined
    ? { state: result.registrationState ?? result }
    : { error: error ?? '' };
}
