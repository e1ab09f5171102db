import { type Rule, type RuleVariant, ruleTable } from '../../../simulators/schemas.ts';

/** The rules that can be chosen, with their variants, for a person: the default comes first and is marked. */
export function describeRules(): string[] {
  return Object.entries(ruleTable as Readonly<Record<string, Rule>>).flatMap(([name, rule]) => [
    `${name}: ${rule.says}`,
    ...rule.variants.map((variant, index) => describeVariant(variant, index === 0, widthOf(rule))),
    `    source: ${rule.source}`,
    '',
  ]);
}

const widthOf = ({ variants }: Rule): number => Math.max(...variants.map(({ value }) => value.length));

function describeVariant({ value, means, when }: RuleVariant, isDefault: boolean, width: number): string {
  const notes = [when, isDefault ? 'default' : undefined].filter((note) => note !== undefined);
  return `  ${value.padEnd(width)}  ${means}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}
