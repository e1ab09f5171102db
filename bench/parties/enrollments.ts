import { EnrollmentStore } from '../../simulators/dps/enrollment-store.ts';
import { systemClock } from '../../simulators/kernel/clock.ts';
import { openDataDirectory } from '../../simulators/storage/data-directory.ts';
import { filledId } from '../fill-data-directory.ts';
import { serveParty } from '../party.ts';

/** The enrollments of a data directory, looked up without anything around it. */
serveParty({
  /** @returns microseconds for one look-up of an enrollment that was most likely not looked up before */
  lookUp: ({ directory, count, lookups }: { directory: string; count: number; lookups: number }) => {
    using storage = openDataDirectory(directory);
    const store = new EnrollmentStore(systemClock, storage);
    const step = 7919; // a prime: spreads over all of them
    const begun = performance.now();
    for (let index = 0; index < lookups; index += 1) {
      const id = filledId((index * step) % count);
      if (store.individual(id)?.enrollmentId !== id) throw new Error(`${id} is not there`);
    }
    return Promise.resolve(((performance.now() - begun) * 1000) / lookups);
  },
});
