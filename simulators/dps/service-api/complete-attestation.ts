import { randomBytes } from 'node:crypto';
import type { AttestationMechanism } from '../../wire/enrollment.ts';
import type { DpsRules } from '../rules.ts';
import { isObject, type JsonObject } from './json.ts';

/** As long as the keys that the service makes. */
const GENERATED_KEY_BYTES = 64;

/**
 * Fills in what a client may leave out of an attestation: keys are kept from what is stored, else made; a certificate of
 * which only the `info` came back, as in an answer of the service, is the stored one.
 */
export function completeAttestation(
  given: unknown,
  stored: AttestationMechanism | undefined,
  rules: DpsRules,
): unknown {
  if (!isObject(given)) return given;
  if (given['type'] === 'symmetricKey') {
    const keys = isObject(given['symmetricKey']) ? given['symmetricKey'] : {};
    const keeps = rules['put-without-keys'] === 'keys-stay';
    const before = keeps && stored?.type === 'symmetricKey' ? stored.symmetricKey : undefined;
    const symmetricKey = {
      primaryKey: keys['primaryKey'] || before?.primaryKey || makeKey(),
      secondaryKey: keys['secondaryKey'] || before?.secondaryKey || makeKey(),
    };
    return { type: 'symmetricKey', symmetricKey };
  }
  if (given['type'] !== 'x509' || !isObject(given['x509'])) return given;
  const before: JsonObject = stored?.type === 'x509' ? stored.x509 : {};
  const members = Object.entries(given['x509']).map(([name, pair]) => [
    name,
    keepCertificates(pair, before[name]),
  ]);
  return { type: 'x509', x509: Object.fromEntries(members) as unknown };
}

/** primary and secondary, each `{certificate}` or `{info}`. */
function keepCertificates(pair: unknown, before: unknown): unknown {
  if (!isObject(pair)) return pair;
  const stored = isObject(before) ? before : {};
  const slots = Object.entries(pair).map(([slot, entry]) => {
    const infoOnly = isObject(entry) && !entry['certificate'] && isObject(entry['info']);
    return [slot, infoOnly && stored[slot] !== undefined ? stored[slot] : entry];
  });
  return Object.fromEntries(slots) as unknown;
}

const makeKey = (): string => randomBytes(GENERATED_KEY_BYTES).toString('base64');
