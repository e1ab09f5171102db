import type { Distribution, RunResult } from './run-result.ts';

/** A phase of a registration, the whole of it, or one cell: whatever has a name and a distribution. */
export interface NamedDistribution {
  readonly name: string;
  readonly distribution: Distribution;
}

/** The phases in which something was recorded, in the order of the result, and `total` after them. */
export function phasesOf(result: RunResult): readonly NamedDistribution[] {
  return Object.entries({ ...result.phases, total: result.total })
    .map(([name, distribution]) => ({ name, distribution }))
    .filter(({ distribution }) => distribution.count > 0);
}

/** What happens in a phase, in one sentence; nothing for a phase that this version does not know. */
export function explainPhase(name: string): string | undefined {
  return explanations.get(name);
}

const explanations: ReadonlyMap<string, string> = new Map([
  ['tpm', 'waiting for the TPM: reading EK and SRK, activating the challenge, signing'],
  ['hsm', 'waiting for the PKCS#11 token: finding keys, signing'],
  ['tcp-tls', 'opening the TCP connection and the TLS handshake'],
  ['register', 'from sending the register request to its answer'],
  ['poll-wait', 'waiting between status queries, as Retry-After asks'],
  ['poll', 'from sending a status query to its answer'],
  ['hub-connect', 'connecting to the assigned hub'],
  ['total', 'the whole registration, from its intended start to its outcome'],
]);
