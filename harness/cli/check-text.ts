import pc from 'picocolors';
import type { CheckReport, CheckResult } from '../../simulators/index.ts';

type Kind = CheckResult['kind'];

const marks: Readonly<Record<Kind, string>> = {
  ok: pc.green('√'),
  warning: pc.yellow('‼'),
  failed: pc.red('×'),
  fatal: pc.red('×'),
  skipped: pc.dim('-'),
  ignored: pc.dim('-'),
};
const words: Readonly<Record<Kind, string>> = {
  ok: 'OK',
  warning: 'Warning',
  failed: 'Error',
  fatal: 'Error',
  skipped: 'Skipped',
  ignored: 'Nothing to check',
};
const headings = { configuration: 'Configuration checks', connectivity: 'Connectivity checks' } as const;

/** In the manner of `iotedge check`: by section, √ ‼ ×, the reasons below, and what it comes to. */
export function renderChecks(reports: readonly CheckReport[]): string {
  const sections = (['configuration', 'connectivity'] as const).flatMap((section) => {
    const heading = headings[section];
    const lines = reports.filter((report) => report.section === section).flatMap(renderCheck);
    return [heading, '-'.repeat(heading.length), ...lines, ''];
  });
  const count = (...kinds: readonly Kind[]): number =>
    reports.filter(({ result }) => kinds.includes(result.kind)).length;
  return [
    ...sections,
    `${count('ok')} check(s) succeeded.`,
    ...countLine(count('warning'), 'raised warnings.'),
    ...countLine(count('failed', 'fatal'), 'raised errors.'),
    ...countLine(count('skipped'), 'were skipped.'),
    '',
  ].join('\n');
}

function renderCheck({ id, description, result }: CheckReport): readonly string[] {
  const name = description === id ? id : `${description} (${id})`;
  return [
    `${marks[result.kind]} ${name} - ${words[result.kind]}`,
    ...detailsOf(result).map((text) => `    ${text}`),
  ];
}

const countLine = (count: number, what: string): string[] =>
  count === 0 ? [] : [`${count} check(s) ${what}`];

function detailsOf(result: CheckResult): readonly string[] {
  if ('details' in result) return result.details;
  return 'reason' in result ? [result.reason] : [];
}

/** In the shape of `iotedge check --output json`. */
export function checksAsJson(
  reports: readonly CheckReport[],
  about: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const checks = reports.map(({ id, result }): [string, unknown] => {
    const details = detailsOf(result);
    const kind = result.kind === 'failed' ? 'error' : result.kind;
    return [id, { result: kind, ...(details.length === 0 ? {} : { details }) }];
  });
  return { additional_info: about, checks: Object.fromEntries(checks) };
}
