import {
  type CellAxes,
  type EdgeVersion,
  edgeVersions,
  impossibility,
  newestVersionOf,
  type ServiceFault,
} from '../../simulators/schemas.ts';
import type { Expectation, FleetEntry, Scenario } from './scenario-schema.ts';

/** One cell of the matrix: a combination of all axes, and how many devices it gets. */
export interface RunCase extends CellAxes {
  /**
   * e.g. `linux/individual/tpm/swtpm/https/native`, with `/fault` appended where one is set; of IoT Edge
   * `linux-1.5/individual/tpm/swtpm/https/iot-edge`.
   */
  readonly name: string;
  /** 0 for a cell that cannot be. */
  readonly devices: number;
  readonly expect: Expectation | undefined;
  /** What the service does to these devices. */
  readonly serviceFaults?: readonly ServiceFault[] | undefined;
  /** How the devices' clocks differ from that of the machine. */
  readonly clock?: FleetEntry['clock'];
  /** Why the combination cannot exist. */
  readonly notPossible: string | undefined;
}

/** Expands every fleet entry to its cells; devices go evenly to those that can be, the first ones get the rest. */
export function expandMatrix(scenario: Scenario): readonly RunCase[] {
  const way = { proxy: scenario.run.proxy !== undefined };
  return scenario.fleet.flatMap((entry) => expandEntry(entry, way));
}

function expandEntry(entry: FleetEntry, way: { readonly proxy: boolean }): RunCase[] {
  const cells = crossProduct(entry).map((axes) => ({
    axes,
    notPossible: impossibility(axes, way) ?? clockless(entry, axes),
  }));
  const { serviceFaults, clock } = entry;
  const common = {
    expect: entry.expect,
    ...(serviceFaults === undefined ? {} : { serviceFaults }),
    ...(clock === undefined ? {} : { clock }),
  };
  const possible = cells.filter(({ notPossible }) => notPossible === undefined).length;
  let turn = 0;
  return cells.map(({ axes, notPossible }) => {
    const name = cellName(axes);
    if (notPossible !== undefined) return { ...axes, ...common, name, devices: 0, notPossible };
    const devices = Math.floor(entry.devices / possible) + (turn < entry.devices % possible ? 1 : 0);
    turn += 1;
    return { ...axes, ...common, name, devices, notPossible };
  });
}

const clockless = ({ clock }: FleetEntry, { client }: CellAxes): string | undefined =>
  clock !== undefined && client === 'azure-sdk'
    ? 'an unmodified SDK reads the clock of its process, which all devices share'
    : undefined;

function crossProduct(entry: FleetEntry): CellAxes[] {
  const { platform, enrollment, attestation, transport, client } = entry;
  const algorithms = entry.keyAlgorithm === undefined ? [undefined] : several(entry.keyAlgorithm);
  const faults = entry.fault === undefined ? [undefined] : [entry.fault].flat();
  return several(platform).flatMap((p) =>
    several(enrollment).flatMap((e) =>
      several(attestation).flatMap((a) =>
        several(entry.keyStore ?? (a === 'tpm' ? 'swtpm' : 'software')).flatMap((k) =>
          several(transport).flatMap((t) =>
            several(client).flatMap((c) =>
              versionsFor(entry, p, c).flatMap((version) =>
                algorithms.flatMap((keyAlgorithm) =>
                  faults.map((fault) => ({
                    platform: p,
                    ...(version === undefined ? {} : { version }),
                    enrollment: e,
                    attestation: a,
                    keyStore: k,
                    ...(keyAlgorithm === undefined ? {} : { keyAlgorithm }),
                    transport: t,
                    client: c,
                    ...(fault === undefined ? {} : { fault }),
                  })),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Of IoT Edge only: other clients are no part of it, and get one cell whatever the versions. */
function versionsFor(
  { version }: FleetEntry,
  platform: CellAxes['platform'],
  client: CellAxes['client'],
): readonly (EdgeVersion | undefined)[] {
  if (client !== 'iot-edge') return [undefined];
  if (version === undefined) return [newestVersionOf(platform)];
  return version === 'all' ? edgeVersions : several(version);
}

function cellName({
  platform,
  version,
  enrollment,
  attestation,
  keyStore,
  keyAlgorithm,
  transport,
  client,
  fault,
}: CellAxes): string {
  return [
    version === undefined ? platform : `${platform}-${version}`,
    enrollment,
    attestation,
    keyStoreName({ keyStore, keyAlgorithm }),
    transport,
    client,
    ...(fault === undefined ? [] : [fault]),
  ].join('/');
}

/** A key store and what is in it, where a scenario says so: `softhsm-rsa-2048`. */
export const keyStoreName = ({
  keyStore,
  keyAlgorithm,
}: Pick<CellAxes, 'keyStore' | 'keyAlgorithm'>): string =>
  keyAlgorithm === undefined ? keyStore : `${keyStore}-${keyAlgorithm}`;

const several = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);
