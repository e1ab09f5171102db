import { closeSync, openSync, writeSync } from 'node:fs';
import { EnvironmentError } from '../../simulators/kernel/errors.ts';

/** A file with the secrets of TLS connections, for Wireshark and tshark. */
export interface KeyLog extends Disposable {
  readonly write: (line: Buffer) => void;
}

/**
 * Appends to the file, as other programs do that share it; only this user can read a new one.
 *
 * @throws EnvironmentError when it cannot be written
 */
export function openKeyLog(file: string): KeyLog {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'a', 0o600);
  } catch (cause) {
    throw new EnvironmentError('key log', `${file} cannot be written`, { cause });
  }
  return {
    // At once: whoever reads along has the keys when the packets come, and nothing is lost in the end.
    write: (line) => {
      if (descriptor !== undefined) writeSync(descriptor, line);
    },
    [Symbol.dispose]: () => {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}
