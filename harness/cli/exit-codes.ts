/** What a script can tell from the exit code of `dps-rig`. */
export const exitCodes = {
  passed: 0,
  /** A bug in dps-rig. */
  bug: 1,
  /** Wrong usage or an invalid scenario. */
  usage: 2,
  /** The environment could not be started. */
  environment: 3,
  /** An expectation or the oracle failed. */
  correctness: 4,
  /** A threshold failed. */
  performance: 5,
  /** Interrupted; partial reports were written. */
  interrupted: 130,
} as const;
