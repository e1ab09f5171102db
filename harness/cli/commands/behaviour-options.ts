import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  behaviourProfiles,
  type DpsRules,
  type Latency,
  latencyNames,
  type PolicyRequest,
  type ProfileName,
  type ServiceFault,
  type ServiceRight,
  serviceRights,
} from '../../../simulators/index.ts';
import { addFault } from './fault-option.ts';

/** What the options of {@link addBehaviourOptions} parse to. */
export interface BehaviourOptions {
  readonly rule: Partial<DpsRules>;
  readonly profile: ProfileName;
  readonly latency: Latency;
  readonly seed: number;
  readonly policy: readonly PolicyRequest[];
  readonly fault: readonly ServiceFault[];
}

/** Adds what changes how the emulator answers: rules, a profile, latency, and policies with fewer rights. */
export function addBehaviourOptions(command: Command): Command {
  const profiles = Object.keys(behaviourProfiles);
  return command
    .option(
      '--rule <name=variant>',
      'another variant of a rule, see `dps-rig list rules`; may be repeated',
      addRule,
      {},
    )
    .addOption(
      new Option('--profile <name>', 'strict: clients meet refusals early')
        .choices(profiles)
        .default('plain'),
    )
    .addOption(
      new Option('--latency <name>', 'how long answers and registrations take')
        .choices(latencyNames)
        .default('zero'),
    )
    .option('--fault <fault>', 'throttle=20%, delay,ms=500,on=poll, ...; may be repeated', addFault, [])
    .option('--seed <n>', 'of the choices of profile, latency and faults', parseSeed, 1)
    .option(
      '--policy <name=rights>',
      `a policy of the service API; rights, comma-separated: ${serviceRights.join(', ')}; may be repeated`,
      addPolicy,
      [],
    );
}

/** Whether the rule and its variant exist is for the emulator to say. */
function addRule(text: string, all: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, variant] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || variant === undefined) {
    throw new InvalidArgumentError('expected NAME=VARIANT; `dps-rig list rules` shows them.');
  }
  return { ...all, [name]: variant };
}

function addPolicy(text: string, all: readonly PolicyRequest[]): readonly PolicyRequest[] {
  const [, name, list] = /^([A-Za-z0-9_-]{1,64})=(.+)$/.exec(text) ?? [];
  const rights = list?.split(',').map((right) => right.trim()) ?? [];
  if (name === undefined || !rights.every(isRight)) {
    throw new InvalidArgumentError(`expected NAME=RIGHT,RIGHT; rights are ${serviceRights.join(', ')}.`);
  }
  return [...all, { name, rights }];
}

const isRight = (text: string): text is ServiceRight => (serviceRights as readonly string[]).includes(text);

function parseSeed(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number.');
  return Number(text);
}
