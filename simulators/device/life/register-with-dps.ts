import { AttemptRecorder } from '../attempt-recorder.ts';
import type { ClientSetup } from '../clients/provisioning-client.ts';
import { clients } from '../clients/table.ts';
import type { DeviceResult } from '../device-trace.ts';
import type { DaemonLogLine } from './life-outcome.ts';

/**
 * One registration, with the lines that the identity service writes about it, in their order.
 *
 * The client holds the device's security hardware for the time of it only: a key that a TPM was given must be found there
 * afterwards, by whoever signs next.
 *
 * @throws peer errors, as clients do
 */
export async function registerWithDps(
  setup: ClientSetup,
  say: (level: DaemonLogLine['level'], text: string) => void,
  signal: AbortSignal,
): Promise<DeviceResult> {
  await using client = clients[setup.spec.client](setup);
  await client.prepare(signal);
  const recorder = new AttemptRecorder(setup.clock, false);
  say('info', 'Sending DPS registration request.');
  const result = await client.register(recorder, signal);
  if (recorder.polls > 0) say('info', 'Checking DPS registration status.');
  for (let poll = 1; poll < recorder.polls; poll += 1) {
    say('info', 'DPS registration is still in progress.');
  }
  if (result.kind === 'assigned') {
    if (setup.spec.attestation === 'tpm') say('info', 'Imported DPS authentication key into TPM.');
    say('info', `Assigned to IoT hub: ${result.assignedHub}`);
    say('info', 'DPS registration complete.');
  } else if (result.kind === 'ended') {
    say('error', result.message);
  }
  return result;
}
