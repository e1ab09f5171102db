import { provisionTpm } from '../tpm/attestation.ts';
import { createTpmClient } from '../tpm/tpm-client.ts';
import type { TpmTransport } from '../tpm/transport.ts';
import { openSocketTpm } from '../tpm/transports/socket.ts';
import { startRigContainer } from './rig-container.ts';

/** A new TPM in a container of its own, with an EK and an SRK. */
export interface ContainerTpm extends AsyncDisposable {
  /** Its only connection: a swtpm serves one client at a time. */
  readonly transport: TpmTransport;
}

const COMMAND_PORT = 2321;

/**
 * Starts the image swtpm with one TPM, whose state is in memory and ends with the container.
 *
 * @throws EnvironmentError as {@link startRigContainer}
 */
export async function openContainerTpm(options: {
  readonly tag?: string | undefined;
  readonly signal: AbortSignal;
}): Promise<ContainerTpm> {
  const { tag, signal } = options;
  await using resources = new AsyncDisposableStack();
  const container = resources.use(
    await startRigContainer({
      image: 'swtpm',
      tag,
      ports: [COMMAND_PORT],
      memory: { '/tpm': 'uid=10001,mode=0700' },
    }),
  );
  const address = { kind: 'tcp', host: '127.0.0.1', port: container.port(COMMAND_PORT) } as const;
  const transport = resources.use(await openSocketTpm({ address, framing: 'raw', signal }));
  await provisionTpm(createTpmClient(transport), { signal });
  const running = resources.move();
  return { transport, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
