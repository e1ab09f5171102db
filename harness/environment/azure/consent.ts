import { ScenarioError } from '../../../simulators/kernel/errors.ts';

/** What the user has said about sending load to a service that is not on this machine. */
export interface Consent {
  /** `--allow-endpoint`, each by name. */
  readonly allowedHosts: readonly string[];
  /** `--consent` */
  readonly given: boolean;
}

/**
 * Both hosts must be named, one by one, and consent must be given besides: neither a scenario nor a habit sends load to a
 * service alone.
 *
 * @throws ScenarioError naming what is missing; nothing has been sent then
 */
export function requireConsent(
  hosts: readonly string[],
  { allowedHosts, given }: Consent,
  file: string,
): void {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const unnamed = hosts.filter((host) => !allowed.has(host.toLowerCase()));
  const missing = [...unnamed.map((host) => `--allow-endpoint ${host}`), ...(given ? [] : ['--consent'])];
  if (missing.length === 0) return;
  throw new ScenarioError(
    {
      file,
      key: 'endpoint.kind',
      message: `azure: load goes to ${hosts.join(' and ')}, and nobody has agreed to it`,
    },
    { hint: `See what it would be with --dry-run; then: ${missing.join(' ')}` },
  );
}
