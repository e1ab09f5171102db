import { formatCount, formatMs } from './figures.ts';
import type { ClientGrade, ClientGrades } from './run-result.ts';

/** A client's row of the account of who came again, and how. */
export interface GradeRow {
  /** `-` where the client was never told to wait. */
  readonly grade: string;
  readonly client: string;
  readonly devices: string;
  readonly refusals: string;
  /** Requests for each that was served, in words. */
  readonly amplification: string;
  /** Waits after the first refusal in a row, the second …: the back-off curve, by its medians. */
  readonly backOff: string;
  readonly pollsPerTenSeconds: string;
  readonly recovery: string;
  readonly findings: readonly { readonly mark: '✗' | '✓'; readonly evidence: string }[];
}

/** Column titles of a row, in its order. */
export const gradeColumns = {
  client: 'Client',
  devices: 'Devices',
  refusals: 'Refused',
  amplification: 'Amplification',
  backOff: 'Waits after refusals',
  pollsPerTenSeconds: 'Polls in 10 s',
  recovery: 'Recovered after',
} as const satisfies Partial<Record<keyof GradeRow, string>>;

/** What grades rest on where the service did not remember everything. */
export const gradesAreOf = ({ complete }: ClientGrades): string =>
  complete ? '' : 'of the last requests: the service does not remember more';

/** One row for each client, worst first. */
export const describeGrades = ({ clients }: ClientGrades): readonly GradeRow[] => clients.map(rowOf);

function rowOf(client: ClientGrade): GradeRow {
  return {
    grade: client.grade ?? '-',
    client: client.client,
    devices: formatCount(client.devices),
    refusals: formatCount(client.refusals),
    amplification:
      client.amplification === null
        ? 'none served'
        : `${client.amplification.toFixed(2)} requests for one served`,
    backOff: client.waits.map(({ p50Ms }) => formatMs(p50Ms)).join(', ') || '–',
    pollsPerTenSeconds: formatCount(client.pollsPerTenSeconds),
    recovery: formatMs(client.recoveryMs),
    findings: client.findings.map(({ atBest, evidence }) => ({
      mark: atBest === null ? '✓' : '✗',
      evidence,
    })),
  };
}
