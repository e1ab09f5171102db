import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity, shortDigest } from '../evidence.ts';

/** The key belongs to something else: another device, another instance, an enrollment before it was made anew. */
export const keyNotEnrolled: FailureCause = {
  explain: '401000',
  scenario: 'conformance/https-refusals wrong-key',
  fix: 'give the device the key of its enrollment, or enrol the one that it has',
  find: (evidence) => {
    const { device, enrollment, planned } = evidence;
    const digest = device?.key?.digest;
    if (!isRefusedIdentity(evidence) || digest === undefined || enrollment === undefined) return undefined;
    const { individual, groups } = enrollment;
    if (individual?.kind === 'symmetric-key') {
      if (individual.keys.includes(digest)) return undefined;
      const enrolled = individual.keys.map(shortDigest).join(' and ');
      return certain(
        `the device's key is not an enrolled one: enrolled ${enrolled}, the device has ${shortDigest(digest)}`,
      );
    }
    if (individual !== null || planned.enrollment !== 'group') return undefined;
    if (groups.some(({ derivedKeys }) => derivedKeys.includes(digest))) return undefined;
    const count = groups.filter(({ kind }) => kind === 'symmetric-key').length;
    return certain(
      `the device's key ${shortDigest(digest)} is derived from no key of the ${count} enrollment groups`,
    );
  },
};
