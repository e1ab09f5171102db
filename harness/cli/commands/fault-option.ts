import { InvalidArgumentError } from 'commander';
import { parseServiceFaultText, type ServiceFault } from '../../../simulators/index.ts';
import { UsageError } from '../../../simulators/kernel/errors.ts';

/** Collects `--fault`. */
export function addFault(text: string, all: readonly ServiceFault[]): readonly ServiceFault[] {
  try {
    return [...all, parseServiceFaultText(text)];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new InvalidArgumentError(`${error.message}. ${error.hint ?? ''}`);
  }
}
