import { decodeResponseCode, tpmResponseNames } from '../../simulators/schemas.ts';
import type { Explanation, ExplanationTable, Layer } from './explanation.ts';
import { deviceSymptoms } from './tables/device.ts';
import { dpsCodes } from './tables/dps.ts';
import { amqpConditions, connackCodes, networkCodes } from './tables/messaging.ts';
import { pkcs11Codes } from './tables/pkcs11.ts';
import { tlsAlerts } from './tables/tls.ts';
import { tpmCauses, tpmLayerCodes } from './tables/tpm.ts';

/**
 * What a code, a name or a text out of a log means: all that fit, the best first; none when nothing does.
 *
 * @param query e.g. `401002`, `0x98E`, `CKR_PIN_LOCKED`, `amqp:not-found`, `Unit tpm.service could not be found`
 */
export function explain(query: string): readonly Explanation[] {
  const asked = query.trim();
  if (asked === '') return [];
  const byCode = all.filter(({ code, name }) => [code, name].some((known) => sameCode(known, asked)));
  if (byCode.length > 0) return byCode;
  const number = parseNumber(asked);
  if (number !== undefined) return explainNumber(number);
  return all.filter((explanation) => isInText(explanation, asked.toLowerCase()));
}

/** Everything that can be explained. */
export const explanations = (): readonly Explanation[] => all;

const rows = (layer: Layer, table: ExplanationTable): Explanation[] =>
  Object.entries(table).map(([code, row]) => ({ layer, code, ...row }));

const all: readonly Explanation[] = [
  ...rows('dps', dpsCodes),
  ...tpmResponseNames.map(
    ({ name, number, description }): Explanation => ({
      ...{ layer: 'tpm', code: `TPM_RC_${name}`, number, means: sentence(description) },
      source: 'TPM 2.0 Part 2 §6.6.3',
      ...tpmCauses[name],
    }),
  ),
  ...tpmLayerCodes.map((row): Explanation => ({ layer: 'tpm', ...row })),
  ...rows('pkcs11', pkcs11Codes),
  ...rows('tls', tlsAlerts),
  ...rows('mqtt', connackCodes),
  ...rows('amqp', amqpConditions),
  ...rows('network', networkCodes),
  ...rows('device', deviceSymptoms),
];

function sentence(description: string): string {
  return `${description.charAt(0).toUpperCase()}${description.slice(1)}.`;
}

const plain = (code: string): string =>
  code
    .toLowerCase()
    .replace(/^(tpm_rc_|ckr_|tpm_e_|alert |err_)/, '')
    .replaceAll(/[\s_]+/g, ' ');

const sameCode = (known: string | undefined, asked: string): boolean =>
  known !== undefined && plain(known) === plain(asked);

/** Decimal, or hexadecimal as tools print it: `0x98E`, `0000098e`, `0x000b0000098e`. */
function parseNumber(asked: string): number | undefined {
  const hex = /^(?:0x|0X)([0-9a-f_]{1,16})$/i.exec(asked)?.[1]?.replaceAll('_', '');
  if (hex !== undefined) return Number.parseInt(hex, 16);
  if (/^\d{1,10}$/.test(asked)) return Number.parseInt(asked, 10);
  return /^[0-9a-f]{3,8}$/i.test(asked) && /[a-f]/i.test(asked) ? Number.parseInt(asked, 16) : undefined;
}

/** A number says little of its layer: each one that has it answers. */
function explainNumber(number: number): readonly Explanation[] {
  const numbered = all.filter((explanation) => explanation.number === number && explanation.layer !== 'tpm');
  return [...explainTpm(number), ...numbered];
}

/** The TPM's codes also tell which handle, parameter or session they are about. */
function explainTpm(number: number): Explanation[] {
  if (number < LEAST_TPM_CODE) return [];
  const { name, subject, index } = decodeResponseCode(number);
  const known = all.find(({ layer, code }) => layer === 'tpm' && code === name);
  if (known === undefined) return [];
  const of = subject === undefined ? '' : ` About ${subject} ${index ?? ''} of the command.`;
  return [{ ...known, number, means: `${known.means}${of}` }];
}

/** Format-1 codes begin here; what is below belongs to TPM 1.2. */
const LEAST_TPM_CODE = 0x80;

/** Long enough to mean something: a word of two letters is in everything. */
const LEAST_TEXT_LENGTH = 4;

function isInText({ texts = [], code, name, means }: Explanation, asked: string): boolean {
  if (asked.length < LEAST_TEXT_LENGTH) return false;
  const known = texts.map((text) => text.toLowerCase());
  if (known.some((text) => asked.includes(text) || text.includes(asked))) return true;
  if (asked.includes(code.toLowerCase()) && code.length >= LEAST_TEXT_LENGTH) return true;
  return [name ?? '', means].some((text) => text.toLowerCase().includes(asked));
}
