import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { importDataDirectory } from '../simulators/index.ts';

const CHUNK = 10_000;
const primaryKey = Buffer.alloc(32, 1).toString('base64');

/** The id of the n-th enrollment of {@link fillDataDirectory}. */
export const filledId = (index: number): string => `filled-${index}`;

/** Makes a data directory with so many individual enrollments, by an import. */
export function fillDataDirectory(directory: string, count: number): void {
  const file = `${directory}.json`;
  const descriptor = openSync(file, 'w', 0o600);
  writeSync(descriptor, '{"format":"dps-rig-state","version":1,"records":[\n');
  for (let at = 0; at < count; at += CHUNK) {
    const lines = Array.from({ length: Math.min(CHUNK, count - at) }, (_, index) => line(at + index));
    writeSync(descriptor, `${lines.join(',\n')}${at + CHUNK < count ? ',' : ''}\n`);
  }
  writeSync(descriptor, ']}\n');
  closeSync(descriptor);
  importDataDirectory(directory, file);
  rmSync(file);
}

const line = (index: number): string =>
  JSON.stringify({
    kind: 'individualEnrollment',
    enrollment: {
      registrationId: filledId(index),
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey: primaryKey } },
    },
    stamp: { etag: '"bench"', createdAtMs: 0, updatedAtMs: 0 },
  });
