import { type EdgeVersion, edgeProfiles } from '../platforms/profiles.ts';
import type { ConfigTable } from './config-table.ts';
import type { EdgeConfig } from './edge-config.ts';

/** What a device does that is told nothing of its TPM. */
export const defaultTpmSettings: EdgeConfig['tpm'] = {
  tcti: 'device',
  authKeyIndex: 0x0100,
  endorsementAuth: undefined,
  ownerAuth: undefined,
};

const greatestIndex = 0x7f_ff_ff;
const indexRange = 'integer in range 0x00_00_00..=0x7F_FF_FF';

/**
 * Reads `[tpm]`, which versions before 1.4 do not know.
 *
 * @see the reference of IoT Edge devices, chapter 1.7
 */
export function readTpmSettings(root: ConfigTable, version: EdgeVersion): EdgeConfig['tpm'] {
  if (!edgeProfiles[version].tpm.settings) return ignored(root);
  const table = root.optionalTable('tpm');
  if (table === undefined) return defaultTpmSettings;
  const authKeyIndex = table.optionalInteger('auth_key_index', indexRange) ?? defaultTpmSettings.authKeyIndex;
  if (authKeyIndex < 0 || authKeyIndex > greatestIndex) {
    throw table.problem('CONFIG_VALUE', 'auth_key_index', {
      message: `is ${authKeyIndex}`,
      expected: indexRange,
      daemonSays: `invalid value: integer \`${authKeyIndex}\`, expected ${indexRange}`,
      hint: 'It is added to 0x81000000: for the handle 0x81000100 write 0x000100.',
    });
  }
  const authorization = table.optionalTable('hierarchy_authorization');
  return {
    tcti: table.optionalString('tcti') ?? defaultTpmSettings.tcti,
    authKeyIndex,
    endorsementAuth: authorization?.optionalString('endorsement'),
    ownerAuth: authorization?.optionalString('owner'),
  };
}

function ignored(root: ConfigTable): EdgeConfig['tpm'] {
  if (root.has('tpm')) {
    const message = 'is unknown before 1.4 and ignored without a word: the TPM is the one at /dev/tpmrm0';
    root.notice('ignored-key', 'tpm', message);
  }
  return defaultTpmSettings;
}
