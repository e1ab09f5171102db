import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runResultSchema } from '../../reports/run-result.ts';
import type { Row, Suite } from '../row.ts';
import { median } from '../statistics.ts';

const SIZES = [100, 1_000, 10_000];
const SCENARIO = 'scenarios/load/growth.toml';

/**
 * The whole product at three sizes: CPU per device (harness, devices and emulator in one process) must stay flat.
 * The ratio is against the 1,000-device run of the same round.
 */
export const growthSuite: Suite = async ({ rounds, log }) => {
  const perDevice = new Map<number, number[]>(SIZES.map((size) => [size, []]));
  for (let round = 1; round <= Math.min(rounds, 3); round += 1) {
    for (const size of SIZES) {
      const result = await run(size);
      perDevice.get(size)?.push(result.cpuPerDeviceMs);
      log(
        `round ${round}: ${size} devices, ${result.cpuPerDeviceMs.toFixed(2)} ms CPU each, ${result.assignedPerSecond.toFixed(0)}/s`,
      );
    }
  }
  const middle = (size: number): number => median(perDevice.get(size) ?? []);
  return SIZES.map((size): Row => {
    const ratio = middle(size) / middle(1_000);
    return {
      suite: 'growth',
      what: `dps-rig run, ${size.toLocaleString('en')} devices (symmetric key and X.509)`,
      figure: `${middle(size).toFixed(2)} ms CPU per device, all parties`,
      peer: `1,000 devices: ${middle(1_000).toFixed(2)} ms`,
      ratio,
      ...(size < 1_000 ? {} : { goal: 'grows by <= 15 %', met: ratio <= 1.15 }),
    };
  });
};

async function run(devices: number): Promise<{ cpuPerDeviceMs: number; assignedPerSecond: number }> {
  const out = await mkdtemp(join(tmpdir(), 'dps-rig-bench-'));
  try {
    const child = spawn(
      process.execPath,
      ['harness/cli/main.ts', 'run', SCENARIO, '--devices', String(devices), '--out', out, '--quiet'],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`dps-rig run ended with ${code}`);
    return runResultSchema.parse(JSON.parse(await readFile(join(out, 'run-result.json'), 'utf8')));
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
