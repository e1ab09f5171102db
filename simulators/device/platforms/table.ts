import type { EdgeVersion } from './profiles.ts';

/** What a device of a platform and version tells of itself, and how long it was supported. */
export interface PlatformRelease {
  /** Of the daemon, e.g. `1.5.21`. */
  readonly daemonVersion: string;
  /** Of the images of `$edgeAgent` and `$edgeHub`. */
  readonly runtimeVersion: string;
  /** As reported to the twin: `os`, `architecture`. */
  readonly os: 'linux' | 'Linux' | 'windows';
  readonly architecture: 'x86_64' | 'aarch64' | 'amd64';
  readonly operatingSystem: string;
  /** Last day of support. */
  readonly supportedUntil: string | undefined;
}

type Releases = Readonly<Partial<Record<EdgeVersion, PlatformRelease>>>;

const linux = (
  daemonVersion: string,
  runtimeVersion: string,
  operatingSystem: string,
  supportedUntil?: string,
): PlatformRelease => ({
  daemonVersion,
  runtimeVersion,
  os: 'Linux',
  architecture: 'x86_64',
  operatingSystem,
  supportedUntil,
});

/**
 * The platforms of IoT Edge and the releases that exist of each, oldest first.
 *
 * @see reference of IoT Edge devices, chapters 0, 4.1 and 6.2
 */
export const platforms = {
  linux: {
    '1.1': { ...linux('1.1.15', '1.1.15', 'ubuntu 18.04', '2022-12-13'), os: 'linux' },
    '1.2': { ...linux('1.2.10', '1.2.10', 'ubuntu 20.04'), os: 'linux' },
    '1.3': linux('1.3.0', '1.3.0', 'ubuntu 20.04'),
    '1.4': linux('1.4.41', '1.4.43', 'rhel 9', '2024-11-12'),
    '1.5': linux('1.5.21', '1.5.44', 'ubuntu 22.04', '2026-11-10'),
    '1.6': linux('1.6.0', '1.6.1', 'debian 12', '2028-11-14'),
  },
  eflow: {
    '1.1': { ...linux('1.1.15', '1.1.15', 'mariner 1.0', '2022-12-13'), os: 'linux' },
    '1.4': linux('1.4.41', '1.4.43', 'mariner 2.0', '2024-11-12'),
    '1.5': linux('1.5.21', '1.5.44', 'azurelinux 3.0', '2026-11-10'),
  },
  windows: {
    '1.1': {
      daemonVersion: '1.1.15',
      runtimeVersion: '1.1.15',
      os: 'windows',
      architecture: 'amd64',
      operatingSystem: 'windows 10.0.17763',
      supportedUntil: '2022-12-13',
    },
  },
} as const satisfies Record<string, Releases>;

export type PlatformKind = keyof typeof platforms;
export const platformKinds = Object.keys(platforms) as [PlatformKind, ...PlatformKind[]];

/** The release of a platform, or undefined when that version was never made for it. */
export const releaseOf = (platform: PlatformKind, version: EdgeVersion): PlatformRelease | undefined =>
  (platforms[platform] as Releases)[version];

/** The versions of a platform, oldest first. */
export const versionsOf = (platform: PlatformKind): readonly EdgeVersion[] =>
  Object.keys(platforms[platform]) as EdgeVersion[];

/** The newest version of a platform. */
export const newestVersionOf = (platform: PlatformKind): EdgeVersion => versionsOf(platform).at(-1) ?? '1.6';

/** Why there is no such release. */
export function neverReleased(platform: PlatformKind, version: EdgeVersion): string {
  switch (platform) {
    case 'windows':
      return 'Windows containers ended with IoT Edge 1.1: EFLOW took their place (source: the version history of IoT Edge)';
    case 'eflow':
      return version === '1.6'
        ? 'there is no EFLOW build of IoT Edge 1.6 (source: the releases of EFLOW)'
        : `EFLOW ${version} was a preview and never a release (source: the releases of EFLOW)`;
    case 'linux':
      return `there is no IoT Edge ${version} for Linux`;
  }
}
