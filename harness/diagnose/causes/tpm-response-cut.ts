import { type FailureCause, likely } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** An answer got lost on its way. */
export const tpmResponseCut: FailureCause = {
  explain: 'CODEC',
  scenario: null,
  fix: 'look at what stands between program and TPM: a proxy, a serial line, a broker',
  find: (evidence) =>
    isCode(evidence, 'CODEC') && evidence.device?.tpm !== undefined
      ? likely('the TPM answered with less than a whole response')
      : undefined,
};
