import type { KeyUse } from '../../security/key-use.ts';
import { AttemptRecorder } from '../attempt-recorder.ts';
import { createIotEdgeClient } from '../clients/iot-edge.ts';
import type { ClientSetup } from '../clients/provisioning-client.ts';
import type { DeviceResult } from '../device-trace.ts';

/** Who is told what of a registration. */
export interface RegistrationWatch {
  /** Takes the times. */
  readonly recorder: AttemptRecorder;
  /** Takes the lines that the identity service writes, in their order, once the registration has ended. */
  readonly say: (text: string) => void;
  /** Of a key that is in a token. */
  readonly onKeyUse: (use: KeyUse) => void;
}

/**
 * One registration by the daemon.
 *
 * The client holds the device's security hardware for the time of it only: a key that a TPM was given must be found there
 * afterwards, by whoever signs next.
 *
 * @throws peer errors, as clients do
 */
export async function registerWithDps(
  setup: ClientSetup,
  { recorder, say, onKeyUse }: RegistrationWatch,
  signal: AbortSignal,
): Promise<DeviceResult> {
  await using client = createIotEdgeClient(setup);
  await client.prepare(signal);
  const own = new AttemptRecorder(setup.clock, true);
  try {
    return await client.register(own, signal);
  } finally {
    for (const { step, detail } of own.steps) if (step === 'log') say(detail);
    recorder.absorb(own);
    const use = client.keyEvidence?.keyUse();
    if (use !== undefined) onKeyUse(use);
  }
}
