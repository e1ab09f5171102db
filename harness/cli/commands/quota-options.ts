import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ProfileName, type QuotaLimits, quotaProfiles } from '../../../simulators/index.ts';

/** What the options of {@link addQuotaOptions} parse to. */
export interface QuotaOptions {
  readonly quotas?: keyof typeof quotaProfiles;
  readonly quotaRegistrationsPerMinute?: number;
  readonly quotaPollsPerTenSeconds?: number;
  readonly quotaServiceOperationsPerMinute?: number;
}

/** Adds a profile of limits, and an option for each limit that goes before the profile's. */
export function addQuotaOptions(command: Command): Command {
  const names = Object.keys(quotaProfiles);
  return command
    .addOption(
      new Option('--quotas <profile>', 'limits of the instance')
        .choices(names)
        .default(undefined, 'off; published under --profile strict'),
    )
    .option('--quota-registrations-per-minute <n>', 'register requests of all devices', parseLimit)
    .option('--quota-polls-per-ten-seconds <n>', 'status queries of one device', parseLimit)
    .option('--quota-service-operations-per-minute <n>', 'requests to the service API', parseLimit);
}

/** The limits that were asked for. */
export function quotasOf(options: QuotaOptions & { readonly profile: ProfileName }): QuotaLimits {
  const given = {
    registrationsPerMinute: options.quotaRegistrationsPerMinute,
    pollsPerTenSeconds: options.quotaPollsPerTenSeconds,
    serviceOperationsPerMinute: options.quotaServiceOperationsPerMinute,
  };
  const named = Object.entries(given).filter(([, limit]) => limit !== undefined);
  const fallback = options.profile === 'strict' ? 'published' : 'off';
  return { ...quotaProfiles[options.quotas ?? fallback], ...Object.fromEntries(named) };
}

function parseLimit(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('expected a whole number from 1.');
  }
  return value;
}
