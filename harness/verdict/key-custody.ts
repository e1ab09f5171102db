import type { Check, KeyCustody } from '../../reports/run-result.ts';
import type { IssuedKey, RegistrationRecord } from '../../simulators/index.ts';
import type { FleetRecords } from '../metrics/fleet-ledger.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import { oracleCheck } from './oracle-check.ts';

type KeyInToken = KeyCustody['keys'][number];

export interface CustodySources {
  readonly plan: FleetPlan;
  readonly outcomes: FleetRecords;
  readonly registrations: readonly RegistrationRecord[];
  readonly tokens: {
    readonly keys: ReadonlyMap<string, IssuedKey>;
    readonly sessions: { readonly opened: number; readonly open: number };
  };
}

/** Puts together what tokens, devices and service each say of the keys in tokens; undefined when there is none. */
export function collectKeyCustody(sources: CustodySources): KeyCustody | undefined {
  const { plan, outcomes, registrations, tokens } = sources;
  if (tokens.keys.size === 0) return undefined;
  const records = new Map(registrations.map((record) => [record.registrationId.toLowerCase(), record]));
  const keys = [...plan.devices].flatMap(({ spec: { index, registrationId } }): KeyInToken[] => {
    const key = tokens.keys.get(registrationId);
    if (key === undefined) return [];
    const { signatures = 0, handshakes = 0, resumed = 0 } = outcomes.at(index)?.keyUse ?? {};
    return [
      {
        registrationId,
        ...key.custody,
        certificate: key.certificateThumbprint ?? null,
        certificateSeen: records.get(registrationId.toLowerCase())?.certificateThumbprint ?? null,
        ...{ signatures, handshakes, resumed },
      },
    ];
  });
  return { keys, sessions: { ...tokens.sessions } };
}

/**
 * Judges whether each device was let in by the key in its own token. A shared connection or a resumed TLS session
 * would pass one device off as another without any signature.
 */
export function judgeKeyCustody(custody: KeyCustody | undefined, outcomes: FleetRecords): readonly Check[] {
  if (custody === undefined) return [];
  const { keys, sessions } = custody;
  const assigned = new Set(
    [...outcomes].flatMap((outcome) => (outcome?.result.kind === 'assigned' ? [outcome.registrationId] : [])),
  );
  const used = keys.filter(({ registrationId }) => assigned.has(registrationId));
  const byTls = used.filter(({ certificate }) => certificate !== null);
  const ids = (wrong: readonly KeyInToken[]): string[] => wrong.map(({ registrationId }) => registrationId);
  return [
    oracleCheck('no token gives its key away', ids(keys.filter(isExposed)), `${keys.length} keys`),
    oracleCheck(
      "the service saw the certificate of each device's own key",
      ids(byTls.filter(({ certificate, certificateSeen }) => certificate !== certificateSeen)),
      `${byTls.length} certificates`,
    ),
    oracleCheck(
      "every proof was signed in the device's token, none by a resumed TLS session",
      ids(used.filter(isUnproved)),
      `${used.reduce((sum, { signatures }) => sum + signatures, 0)} signatures`,
    ),
    oracleCheck(
      'no session with a token is left open',
      sessions.open === 0 ? [] : [`${sessions.open} are open`],
      `${sessions.opened} sessions`,
    ),
  ];
}

const isExposed = ({ sensitive, extractable, refusedRead }: KeyInToken): boolean =>
  !sensitive || extractable || refusedRead === null;

const isUnproved = ({ certificate, signatures, handshakes, resumed }: KeyInToken): boolean =>
  resumed > 0 || signatures === 0 || (certificate !== null && (handshakes === 0 || signatures < handshakes));
