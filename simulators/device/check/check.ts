import type { Clock } from '../../kernel/clock.ts';
import type { TlsEndpoint } from '../../transport/tls-connection.ts';
import type { EdgeVersion } from '../platforms/profiles.ts';
import type { PlatformKind } from '../platforms/table.ts';

/** What a check found, in the kinds of `iotedge check` and `aziotctl check`. */
export type CheckResult =
  | { readonly kind: 'ok' }
  /** There is nothing of the kind to check in this configuration. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'warning' | 'failed' | 'fatal'; readonly details: readonly string[] }
  /** Not done, and why: not asked for, or what it looks at is not here. */
  | { readonly kind: 'skipped'; readonly reason: string };

/** A certificate or key that a configuration names. */
export interface NamedFile {
  /** e.g. `device-id`. */
  readonly id: string;
  readonly path: string;
}

/** What is odd in a configuration that can be read. */
export interface SubjectNotice {
  readonly text: string;
  /** The device cannot come up with it. */
  readonly isFatal: boolean;
}

/** What a configuration says, as far as it can be checked from outside of the device. */
export interface CheckSubject {
  readonly platform: PlatformKind;
  readonly version: EdgeVersion;
  readonly hostName: string | undefined;
  readonly notices: readonly SubjectNotice[];
  readonly provisioning:
    | { readonly source: 'dps'; readonly globalEndpoint: string }
    | { readonly source: 'manual'; readonly hubHostName: string }
    | { readonly source: 'other' };
  /** PEM files, by id. */
  readonly certificates: readonly NamedFile[];
  readonly privateKeys: readonly NamedFile[];
  /** Ids of certificates with the id of the private key that belongs to each. */
  readonly pairs: readonly { readonly certificate: string; readonly privateKey: string }[];
  /** Keys that are in a token or a TPM, for the reason why nobody reads them. */
  readonly keysElsewhere: readonly string[];
}

/** By which way services are reached. */
export interface CheckedEndpoints {
  /** Of DPS and of each hub: the name is the configuration's, the rest is how to get there. */
  reach(hostName: string, protocol: 'https' | 'mqtt' | 'amqp'): TlsEndpoint;
}

export interface CheckContext {
  readonly subject: CheckSubject;
  readonly endpoints: CheckedEndpoints;
  /** Of the device: what `hostname` prints there. */
  readonly deviceHostName: string;
  /** Where the configuration does not tell it. */
  readonly hubHostName: string | undefined;
  /** Of the device. */
  readonly clock: Clock;
  /** For one connection. */
  readonly timeoutMs: number;
}

export interface Check {
  readonly id: string;
  readonly description: string;
  readonly section: 'configuration' | 'connectivity';
  run(context: CheckContext, signal: AbortSignal): Promise<CheckResult> | CheckResult;
}

export const ok: CheckResult = { kind: 'ok' };
export const ignored: CheckResult = { kind: 'ignored' };
export const warning = (...details: string[]): CheckResult => ({ kind: 'warning', details });
export const failed = (...details: string[]): CheckResult => ({ kind: 'failed', details });

/** The worst of what was found; fine when there is nothing. */
export function gather(failures: readonly string[], warnings: readonly string[]): CheckResult {
  if (failures.length > 0) return failed(...failures, ...warnings);
  return warnings.length > 0 ? warning(...warnings) : ok;
}
