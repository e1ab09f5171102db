import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectedOfFault, faultKinds, impossibility } from '../../simulators/schemas.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import { metricNames } from '../verdict/threshold-syntax.ts';

const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const text = read('scenarios.md');
const ofTokens = read('hsm.md');
const rowOf = (name: string, page = text): string | undefined =>
  page.split('\n').find((line) => line.startsWith(`| ${name} |`));

describe('docs/scenarios.md', () => {
  it.each(faultKinds)('tells what %s must lead to', (fault) => {
    const row = rowOf(`\`${fault}\``);
    for (const attestation of ['symmetric-key', 'x509', 'tpm'] as const) {
      for (const enrollment of ['individual', 'group'] as const) {
        const keyStore = attestation === 'tpm' ? 'swtpm' : 'software';
        const common = { attestation, enrollment, keyStore, transport: 'https' } as const;
        const axes = fault.startsWith('eflow-')
          ? ({ ...common, platform: 'eflow', client: 'iot-edge' } as const)
          : ({ ...common, platform: 'linux', client: 'native' } as const);
        if (impossibility({ ...axes, fault }) !== undefined) continue;
        const { result, errorCode, code } = expectedOfFault(fault, axes);
        expect(row).toContain(String(errorCode ?? code ?? result));
      }
    }
  });

  it.each(faultKinds)('leaves %s to docs/hsm.md where it is a mistake with a token', (fault) => {
    const axes = { platform: 'linux', enrollment: 'individual', attestation: 'x509' } as const;
    const client = { transport: 'https', client: 'native', fault } as const;
    const withToken = impossibility({ ...axes, ...client, keyStore: 'softhsm' }) === undefined;
    const without = impossibility({ ...axes, ...client, keyStore: 'software' }) === undefined;
    const row = rowOf(`\`${fault}\``, ofTokens);
    if (withToken && !without)
      expect(row).toContain(`\`${expectedOfFault(fault, { ...axes, ...client }).code}\``);
    else expect(row).toBeUndefined();
  });

  it('names every metric and every exit code', () => {
    for (const metric of metricNames) expect(text).toContain(`\`${metric}\``);
    for (const code of Object.values(exitCodes)) expect(rowOf(String(code))).toBeDefined();
  });
});
