import type { EdgeVersion } from '../profiles.ts';

/** Builds of EFLOW, oldest first, by the IoT Edge in them; the last one of each is what people have. */
export const eflowBuilds: Readonly<Partial<Record<EdgeVersion, readonly [string, ...string[]]>>> = {
  '1.1': ['1.1.2106', '1.1.2107', '1.1.2110', '1.1.2111'],
  '1.4': ['1.4.1.13112', '1.4.14.24074'],
  '1.5': ['1.5.1.28104', '1.5.6.08025', '1.5.7.01026'],
};

/** The Linux VM of EFLOW, as its host names it. */
export interface EflowVm {
  readonly build: string;
  readonly hostName: string;
  /** On the Default Switch of client Windows. */
  readonly dnsName: string;
}

/**
 * The VM that a build makes on a host: there is no supported way to rename it.
 *
 * @param computerName of the Windows host
 * @param build e.g. `1.5.7.01026`
 * @see reference of IoT Edge devices, chapter 4.5
 */
export function eflowVm(computerName: string, build: string): EflowVm {
  const suffix = namesItTwice(build) ? '-EFLOW-EFLOW' : '-EFLOW';
  const hostName = `${computerName}${suffix}`;
  return { build, hostName, dnsName: `${hostName}.mshome.net` };
}

/** A bug of 1.5.1 to 1.5.6. */
function namesItTwice(build: string): boolean {
  const [major = 0, minor = 0, patch = 0] = build.split('.').map(Number);
  return major === 1 && minor === 5 && patch >= 1 && patch <= 6;
}
