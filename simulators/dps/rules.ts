import { UsageError } from '../kernel/errors.ts';

/** A point on which the service changed over the years, or on which nothing reliable is known. */
export interface Rule {
  readonly says: string;
  /** Where what is known comes from. */
  readonly source: string;
  /** What can be chosen; the first is the default. */
  readonly variants: readonly [RuleVariant, ...RuleVariant[]];
}

export interface RuleVariant {
  readonly value: string;
  readonly means: string;
  /** Years or api-versions for which it was seen or is written; absent where nobody knows. */
  readonly when?: string;
}

/** Every rule that can be chosen: by `--rule`, in a scenario, and of `startDps`. */
export const ruleTable = {
  'registration-id': {
    says: 'what a registrationId may look like; it is compared without regard to case in any case',
    source: 'docs, spec; azure-iot-sdk-c 405, azure-docs 52813, iotedge 4575',
    variants: [
      {
        value: 'any-case',
        means: 'letters, digits, - . _ : and at the end no . _ :',
        when: 'documentation since 2021; capitals from api-version 2018-11-01 on',
      },
      { value: 'strict-ends', means: 'the same, and none of - . _ : at either end', when: 'specification' },
      {
        value: 'lower-case',
        means: 'lower-case letters, digits and hyphens; else 400004',
        when: '2017 and 2018, before 2018-11-01',
      },
    ],
  },
  'malformed-id': {
    says: 'errorCode for a registrationId that is not allowed',
    source: 'azure-iot-sdk-c 405 for 400004; 400202 from the order of a published list of names',
    variants: [
      { value: '400004', means: 'ArgumentInvalid' },
      { value: '400202', means: 'InvalidRegistrationId' },
    ],
  },
  'wrong-scope': {
    says: 'answer to an idScope that is not the instance’s',
    source: 'unknown',
    variants: [
      { value: '401002', means: '401' },
      { value: '404000', means: '404' },
    ],
  },
  'unknown-symmetric-key': {
    says: 'answer to a token for an id that no enrollment admits',
    source: '401000 and 401002 in issues of the SDKs, 404201 in the documentation of 2026',
    variants: [
      { value: '401002', means: 'IotHubUnauthorizedAccess' },
      { value: '401000', means: 'Unauthorized' },
      { value: '404201', means: 'EnrollmentNotFound', when: 'documentation of 2026' },
    ],
  },
  'clock-tolerance': {
    says: 'how long after its expiry a SAS token is still taken',
    source: 'unknown',
    variants: [
      { value: 'none', means: 'not at all' },
      { value: '5-minutes', means: '300 s, as many services do' },
    ],
  },
  'expired-token-while-assigning': {
    says: 'a status query with a token that was good for register and has expired since',
    source: 'unknown; the identity service of IoT Edge sends one token of 30 s for all',
    variants: [
      { value: 'refused', means: '401000' },
      { value: 'taken', means: 'the signature still counts' },
    ],
  },
  'individual-certificate-dates': {
    says: 'the dates of an individually enrolled certificate',
    source: 'refusal is documented for groups; for individual enrollments unknown',
    variants: [
      { value: 'checked', means: '401002 outside of them' },
      { value: 'ignored', means: 'the thumbprint is enough' },
    ],
  },
  'first-answer': {
    says: 'what the first 202 to a register request holds',
    source: 'observed without a state; the specification allows one',
    variants: [
      { value: 'bare', means: 'operationId and status' },
      { value: 'with-state', means: 'also registrationState {registrationId, status}' },
    ],
  },
  'concurrent-registration': {
    says: 'register while an operation of the device is assigning',
    source: 'documentation of 2026 names 409203; clients of old registered again unhindered',
    variants: [
      { value: 'accepted', means: 'a second operation begins' },
      { value: '409203', means: 'RegistrationStatusConflict', when: 'documentation of 2026' },
    ],
  },
  'unknown-operation': {
    says: 'errorCode for an operationId that does not exist',
    source: 'docs for 404203; 404202 observed, its meaning unclear',
    variants: [
      { value: '404202', means: 'DeviceRegistrationNotFound' },
      { value: '404203', means: 'AsyncOperationNotFound', when: 'documentation of 2026' },
    ],
  },
  'no-reprovision-policy': {
    says: 'a device that registers again under an enrollment without a saved reprovisionPolicy',
    source: 'docs',
    variants: [
      { value: 'by-api-version', means: 'clients of api-version 2018-04-01 and before are not moved' },
      { value: 'moved', means: 'every client may be moved, with its data' },
    ],
  },
  'reset-on-same-hub': {
    says: 'substatus when the policy asks for a reset and the hub stays the same',
    source: 'unknown; docs call reset the way to a factory reset',
    variants: [
      { value: 'unchanged', means: 'what it was' },
      { value: 'deviceDataReset', means: 'the reset is told' },
    ],
  },
  'edited-device-id': {
    says: 'a deviceId that was edited in the enrollment after the device had registered',
    source: 'a test of the Azure CLI deletes the registration first',
    variants: [
      { value: 'after-deletion', means: 'counts once the registration record is deleted' },
      { value: 'at-once', means: 'counts at the next registration' },
    ],
  },
  'deleted-enrollment': {
    says: 'what becomes of the registration record when an individual enrollment is deleted',
    source: 'docs for groups (it stays); for individual enrollments unknown',
    variants: [
      { value: 'record-stays', means: 'as for groups' },
      { value: 'record-deleted', means: 'it goes with the enrollment' },
    ],
  },
  'put-without-keys': {
    says: 'an update of a symmetric-key enrollment whose body has no keys',
    source: 'unknown; the Azure CLI reads the keys and sends them again',
    variants: [
      { value: 'keys-stay', means: 'the stored ones are kept' },
      { value: 'new-keys', means: 'new ones are made' },
    ],
  },
  'if-match-unknown-id': {
    says: 'If-Match on an enrollment that does not exist',
    source: 'unknown',
    variants: [
      { value: '404', means: 'not found' },
      { value: '412', means: 'precondition failed' },
    ],
  },
  'missing-right': {
    says: 'a service token whose policy lacks the right for the operation',
    source: 'docs: 401 where a token does not apply to the resource; 403 in no DPS document',
    variants: [
      { value: '401002', means: '401' },
      { value: '403000', means: '403' },
    ],
  },
  'throttled-retry-after': {
    says: 'whether 429 says when to come again',
    source: 'unknown; SDKs read it where it is there',
    variants: [
      { value: 'sent', means: 'with Retry-After' },
      { value: 'absent', means: 'without: the client has to know for itself' },
    ],
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof ruleTable;

/** One variant of every rule. */
export type DpsRules = {
  readonly [Name in RuleName]: (typeof ruleTable)[Name]['variants'][number]['value'];
};

/** Names in the order of the table. */
export const ruleNames = Object.keys(ruleTable) as readonly RuleName[];

/** What the emulator does when nothing is chosen. */
export const defaultRules = Object.fromEntries(
  ruleNames.map((name) => [name, ruleTable[name].variants[0].value]),
) as DpsRules;

/**
 * A choice of some rules, completed with the defaults.
 *
 * @throws UsageError when a rule or a variant does not exist
 */
export function resolveRules(chosen: Readonly<Record<string, string | undefined>> = {}): DpsRules {
  for (const [name, value] of Object.entries(chosen)) checkRule(name, value ?? '');
  return { ...defaultRules, ...chosen };
}

/** What differs from the defaults: what a report has to mention. */
export const changedRules = (rules: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(rules).filter(([name, value]) => value !== (defaultRules as Record<string, string>)[name]),
  );

/** @throws UsageError */
function checkRule(name: string, value: string): void {
  if (!Object.hasOwn(ruleTable, name)) {
    throw new UsageError(`there is no rule ${name}`, { hint: '`dps-rig list rules` shows them.' });
  }
  const values: readonly string[] = ruleTable[name as RuleName].variants.map((variant) => variant.value);
  if (values.includes(value)) return;
  throw new UsageError(`rule ${name} has no variant ${value || '(empty)'}`, {
    hint: `There are ${values.join(', ')}.`,
  });
}
