import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from '../load/fleet-run.ts';

/** Shows what a run is doing: a bar on a terminal, a plain line every few seconds elsewhere. */
export interface ProgressDisplay extends Disposable {
  say(line: string): void;
  readonly show: (progress: Progress) => void;
}

const PLAIN_EVERY_MS = 2_000;
const stageNames = {
  tpms: 'making TPMs',
  tokens: 'making tokens',
  credentials: 'credentials',
  registering: 'registering',
} as const;

/** @param quiet shows nothing */
export function createProgressDisplay({ quiet }: { readonly quiet: boolean }): ProgressDisplay {
  if (quiet) return { say: () => undefined, show: () => undefined, [Symbol.dispose]: () => undefined };
  return process.stderr.isTTY ? createBar() : createPlainLines();
}

function createBar(): ProgressDisplay {
  let bar: SingleBar | undefined;
  let stage: Progress['stage'] | undefined;
  const end = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    say: (line) => void process.stderr.write(`${line}\n`),
    show: (progress) => {
      if (progress.stage !== stage) {
        end();
        stage = progress.stage;
        bar = new SingleBar(
          {
            format: `${stageNames[stage].padEnd(12)} {bar} {value}/{total} {text}`,
            hideCursor: true,
            stream: process.stderr,
          },
          Presets.shades_grey,
        );
        bar.start(progress.of, 0, { text: '' });
      }
      bar?.update(doneOf(progress), { text: textOf(progress) });
    },
    [Symbol.dispose]: end,
  };
}

function createPlainLines(): ProgressDisplay {
  let lastAt = 0;
  let last: Progress | undefined;
  let lastStage: Progress['stage'] | undefined;
  const write = (progress: Progress): void => {
    lastAt = performance.now();
    last = undefined;
    process.stderr.write(
      `${stageNames[progress.stage]}: ${doneOf(progress)}/${progress.of} ${textOf(progress)}\n`,
    );
  };
  return {
    say: (line) => void process.stderr.write(`${line}\n`),
    show: (progress) => {
      last = progress;
      const due = performance.now() - lastAt >= PLAIN_EVERY_MS || progress.stage !== lastStage;
      lastStage = progress.stage;
      if (due) write(progress);
    },
    [Symbol.dispose]: () => {
      if (last !== undefined) write(last);
    },
  };
}

function doneOf(progress: Progress): number {
  if (progress.stage !== 'registering') return progress.done;
  const { assigned, ended, error, aborted } = progress.counts;
  return assigned + ended + error + aborted;
}

function textOf(progress: Progress): string {
  if (progress.stage !== 'registering') return '';
  const { counts, elapsedMs } = progress;
  const inFlight = counts.started - counts.assigned - counts.ended - counts.error;
  const perSecond = elapsedMs === 0 ? 0 : (counts.assigned * 1000) / elapsedMs;
  const failed = counts.ended + counts.error;
  return `assigned ${counts.assigned}, failed ${failed}, in flight ${Math.max(0, inFlight)}, ${perSecond.toFixed(0)}/s`;
}
