import type { SwtpmSlot } from '../tpm/tpm-host.ts';
import { startRigContainer } from './rig-container.ts';

/** Containers with many swtpms each. */
export interface SwtpmContainers extends AsyncDisposable {
  /** Of all containers, in turns, so that any few of them are spread. */
  readonly slots: readonly SwtpmSlot[];
}

const COMMAND_PORT = 2321;

/**
 * Starts several containers of the image swtpm at once, their states in memory. Each swtpm has answered TPM2_GetRandom when
 * this returns: that is the image's health check.
 *
 * @throws EnvironmentError as startRigContainer; none of them is left then
 */
export async function startSwtpmContainers(options: {
  readonly containers: number;
  /** swtpms of each. */
  readonly slotsEach: number;
  readonly tag?: string | undefined;
}): Promise<SwtpmContainers> {
  const { containers, slotsEach, tag } = options;
  const ports = Array.from({ length: slotsEach }, (_, index) => COMMAND_PORT + 2 * index);
  await using resources = new AsyncDisposableStack();
  const starts = await Promise.allSettled(
    Array.from({ length: containers }, () =>
      startRigContainer({
        ...{ image: 'swtpm', tag },
        environment: { TPM_COUNT: String(slotsEach), TPM_PORT: String(COMMAND_PORT) },
        ports: ports.flatMap((port) => [port, port + 1]),
        memory: { '/tpm': 'uid=10001,mode=0700' },
      }),
    ),
  );
  for (const start of starts) if (start.status === 'fulfilled') resources.use(start.value);
  const started = starts.map((start) => {
    if (start.status === 'rejected') throw start.reason;
    return start.value;
  });
  const slots = ports.flatMap((port) =>
    started.map((container): SwtpmSlot => {
      const published = { data: container.port(port), control: container.port(port + 1) };
      return { host: '127.0.0.1', ports: published, where: `container ${container.name}` };
    }),
  );
  const running = resources.move();
  return { slots, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
