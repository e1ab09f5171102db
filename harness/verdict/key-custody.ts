import type { Check, KeyCustody } from '../../reports/run-result.ts';
import type { IssuedKey, RegistrationRecord } from '../../simulators/index.ts';
import type { Outcome } from '../metrics/outcome.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';

const SHOWN = 5;

type KeyInToken = KeyCustody['keys'][number];

export interface CustodySources {
  readonly plan: FleetPlan;
  readonly outcomes: readonly (Outcome | undefined)[];
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
  const keys = plan.devices.flatMap(({ spec: { index, registrationId } }): KeyInToken[] => {
    const key = tokens.keys.get(registrationId);
    if (key === undefined) return [];
    const { signatures = 0, handshakes = 0, resumed = 0 } = outcomes[index]?.keyUse ?? {};
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
export function judgeKeyCustody(
  custody: KeyCustody | undefined,
  outcomes: readonly (Outcome | undefined)[],
): readonly Check[] {
  if (custody === undefined) return [];
  const { keys, sessions } = custody;
  const assigned = new Set(
    outcomes.flatMap((outcome) => (outcome?.result.kind === 'assigned' ? [outcome.registrationId] : [])),
  );
  const used = keys.filter(({ registrationId }) => assigned.has(registrationId));
  const byTls = used.filter(({ certificate }) => certificate !== null);
  const ids = (wrong: readonly KeyInToken[]): string[] => wrong.map(({ registrationId }) => registrationId);
  return [
    check('no token gives its key away', `${keys.length} keys`, ids(keys.filter(isExposed))),
    check(
      "the service saw the certificate of each device's own key",
      `${byTls.length} certificates`,
      ids(byTls.filter(({ certificate, certificateSeen }) => certificate !== certificateSeen)),
    ),
    check(
      "every proof was signed in the device's token, none by a resumed TLS session",
      `${used.reduce((sum, { signatures }) => sum + signatures, 0)} signatures`,
      ids(used.filter(isUnproved)),
    ),
    check(
      'no session with a token is left open',
      `${sessions.opened} sessions`,
      sessions.open === 0 ? [] : [`${sessions.open} are open`],
    ),
  ];
}

const isExposed = ({ sensitive, extractable, refusedRead }: KeyInToken): boolean =>
  !sensitive || extractable || refusedRead === null;

const isUnproved = ({ certificate, signatures, handshakes, resumed }: KeyInToken): boolean =>
  resumed > 0 || signatures === 0 || (certificate !== null && (handshakes === 0 || signatures < handshakes));

function check(name: string, seen: string, wrong: readonly string[]): Check {
  return {
    kind: 'oracle',
    name,
    passed: wrong.length === 0,
    actual: wrong.length === 0 ? seen : `${wrong.length} wrong`,
    detail:
      wrong.length === 0 ? null : `${wrong.slice(0, SHOWN).join('; ')}${wrong.length > SHOWN ? '; ...' : ''}`,
  };
}
