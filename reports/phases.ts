import type { Distribution, RunResult } from './run-result.ts';

/** A phase of a registration, the whole of it, or one cell: whatever has a name and a distribution. */
export interface NamedDistribution {
  readonly name: string;
  readonly distribution: Distribution;
}

/** The phases in which something was recorded, in the order in which they happen, and `total` after them. */
export function phasesOf(result: RunResult): readonly NamedDistribution[] {
  return Object.entries({ ...result.phases, total: result.total })
    .map(([name, distribution]) => ({ name, distribution }))
    .filter(({ distribution }) => distribution.count > 0)
    .toSorted((a, b) => placeOf(a.name) - placeOf(b.name));
}

/** What happens in a phase, in one sentence; nothing for a phase that this version does not know. */
export function explainPhase(name: string): string | undefined {
  return explanations.get(name);
}

/** By the time at which it happens; a phase that this version does not know comes before `total`. */
function placeOf(name: string): number {
  const known = [...explanations.keys()].indexOf(name);
  return known === -1 ? explanations.size - 1.5 : known;
}

/** In the order in which the phases happen. */
const explanations: ReadonlyMap<string, string> = new Map([
  ['tpm', 'waiting for the TPM: reading EK and SRK, activating the challenge, signing'],
  ['hsm', 'waiting for the PKCS#11 token: finding keys, signing'],
  ['tcp-tls', 'opening the TCP connection and the TLS handshake'],
  ['register', 'from sending the register request to its answer'],
  ['poll-wait', 'waiting between status queries, as Retry-After asks'],
  ['poll', 'from sending a status query to its answer'],
  ['hub-connect', 'connecting to the assigned hub'],
  ['telemetry', 'from sending a message to the hub to its answer'],
  ['total', 'the whole registration, from its intended start to its outcome'],
]);
