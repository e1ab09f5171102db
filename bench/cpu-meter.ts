/** Two calls of a server party: `begin`, and `end`, which returns the CPU milliseconds that its process used since. */
export function cpuMeter(): { begin: () => Promise<void>; end: () => Promise<number> } {
  let begun = process.cpuUsage();
  return {
    begin: () => {
      begun = process.cpuUsage();
      return Promise.resolve();
    },
    end: () => {
      const used = process.cpuUsage(begun);
      return Promise.resolve((used.user + used.system) / 1000);
    },
  };
}
