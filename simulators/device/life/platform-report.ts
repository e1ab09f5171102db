import type { PlatformRelease } from '../platforms/table.ts';

/**
 * What `$edgeAgent` reports to its twin before there is a deployment.
 *
 * @see reference of IoT Edge devices, chapters 6.2 and 8.2: 417 is what the portal shows of such a device
 */
export const platformReport = ({ os, architecture, daemonVersion, runtimeVersion }: PlatformRelease) => ({
  schemaVersion: '1.1',
  version: { version: runtimeVersion },
  lastDesiredStatus: { code: 417 },
  runtime: { type: 'docker', platform: { os, architecture, version: daemonVersion } },
});

/** How the edge runtime names itself to its hub; values are URL-encoded. */
export function productInfo({
  os,
  architecture,
  daemonVersion,
  runtimeVersion,
  operatingSystem,
}: PlatformRelease): string {
  const fields = {
    kernel: os,
    architecture,
    version: daemonVersion,
    operating_system: operatingSystem,
  };
  const text = Object.entries(fields).map(([name, value]) => `${name}=${encodeURIComponent(value)};`);
  return `EdgeAgent/${runtimeVersion} (${text.join('')})`;
}
