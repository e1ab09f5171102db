import { type EdgeVersion, edgeProfiles } from '../platforms/profiles.ts';

/** What may happen to an edge device after its first boot. */
export const lifeSteps = ['restart', 'reprovision'] as const;
export type LifeStep = (typeof lifeSteps)[number];

/** How often DPS assigns a device of a version in such a life. */
export function assignmentsInLife(version: EdgeVersion, steps: readonly LifeStep[]): number {
  const asksAtEachStart = edgeProfiles[version].backup === 'when-dps-fails';
  return 1 + steps.filter((step) => step === 'reprovision' || asksAtEachStart).length;
}
