import { edgeVersions, impossibility, platformKinds, releaseOf } from '../../../simulators/schemas.ts';

/** Every platform in every version of IoT Edge: what it is, or why there is none. */
export function describePlatforms(): string[] {
  const rows = platformKinds.flatMap((platform) =>
    edgeVersions.map((version) => {
      const release = releaseOf(platform, version);
      if (release === undefined) return [platform, version, `not possible: ${reason(platform, version)}`];
      const { daemonVersion, runtimeVersion, operatingSystem, supportedUntil } = release;
      const until = supportedUntil === undefined ? 'ended with the next' : `until ${supportedUntil}`;
      return [
        platform,
        version,
        `${daemonVersion.padEnd(7)}  ${runtimeVersion.padEnd(7)}  ${operatingSystem.padEnd(19)}  ${until}`,
      ];
    }),
  );
  return [
    'platforms of IoT Edge: version, daemon, runtime, operating system, support',
    ...rows.map(([platform = '', version = '', rest = '']) => `  ${platform.padEnd(8)} ${version}  ${rest}`),
  ];
}

const reason = (platform: (typeof platformKinds)[number], version: (typeof edgeVersions)[number]): string =>
  impossibility({
    ...{ platform, version, client: 'iot-edge', transport: 'https', enrollment: 'individual' },
    ...{ attestation: 'symmetric-key', keyStore: 'software' },
  }) ?? '';
