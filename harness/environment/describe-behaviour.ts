import { changedRules, type DpsInfo } from '../../simulators/index.ts';

/** In what an emulator differs from one that nothing was chosen for; empty where it does not. */
export function describeBehaviour({
  rules,
  profile,
  latency,
}: Pick<DpsInfo, 'rules' | 'profile' | 'latency'>): readonly string[] {
  return [
    ...(profile === 'plain' ? [] : [`profile ${profile}`]),
    ...(latency === 'zero' ? [] : [`latency ${latency}`]),
    ...Object.entries(changedRules(rules)).map(([name, variant]) => `${name} = ${variant}`),
  ];
}
