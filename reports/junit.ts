import { judgeCell } from './cells.ts';
import { commandsOf, groupDiagnoses, notLookedInto } from './diagnoses.ts';
import { type Markup, markup } from './markup.ts';
import type { CellResult, Check, RunResult } from './run-result.ts';

/**
 * JUnit XML for a CI server: one test case for each cell, judged by its checks, and one for each check of
 * the whole run. A cell's `time` is its slowest
 * registration, in seconds. A cell that a stop cut short is an error, one that is not possible is skipped.
 */
export function renderJunit(result: RunResult): string {
  const suites = [
    createSuite(
      'cells',
      result.cells.map((cell) => cellCase(cell, result)),
      result,
    ),
    createSuite('checks', result.checks.filter(({ cell }) => cell === undefined).map(checkCase), result),
  ];
  const { tests, failures, errors, skipped } = countCases(suites.flatMap((suite) => suite.cases));
  const document = markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="dps-rig: ${result.scenario.name}" tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="${seconds(result.durationMs)}">
${suites.map((suite) => suite.xml)}</testsuites>
`;
  return document.markup;
}

type CaseKind = 'passed' | 'failure' | 'error' | 'skipped';

interface TestCase {
  readonly kind: CaseKind;
  readonly xml: Markup;
}

function cellCase(cell: CellResult, result: RunResult): TestCase {
  const judgement = judgeCell(cell, result);
  const time = seconds(cell.totalMs.maxMs ?? 0);
  const open = markup`<testcase classname="dps-rig.cells" name="${cell.name}" time="${time}"`;
  const { assigned, ended, error, aborted } = cell.outcomes;
  const counts = `assigned ${assigned}, ended ${ended}, error ${error}, aborted ${aborted}`;
  const found = diagnosesOf(cell, result);
  switch (judgement.kind) {
    case 'passed':
      return {
        kind: 'passed',
        xml: found === undefined ? markup`${open}/>` : markup`${open}>${found}</testcase>`,
      };
    case 'failed':
      return {
        kind: 'failure',
        xml: markup`${open}><failure type="cell" message="${judgement.reason}">${counts}</failure>${found}</testcase>`,
      };
    case 'incomplete':
      return {
        kind: 'error',
        xml: markup`${open}><error type="interrupted" message="${judgement.reason}">${counts}</error>${found}</testcase>`,
      };
    case 'not-possible':
      return { kind: 'skipped', xml: markup`${open}><skipped message="${judgement.reason}"/></testcase>` };
  }
}

/** Why devices of the cell failed, a line for each cause. */
function diagnosesOf({ name }: CellResult, result: RunResult): Markup | undefined {
  const lines = groupDiagnoses(result, name).map((group) => {
    const { count, code, cause, confidence, statement, examples } = group;
    const read = commandsOf(group).join('; ');
    return `${count} x ${code} ${cause} (${confidence}): ${statement} [${read}] e.g. ${examples.join(', ')}`;
  });
  const unseen = notLookedInto(result, name);
  if (lines.length > 0 && unseen > 0)
    lines.push(`${unseen} x not looked into: others had failed under the same code`);
  return lines.length === 0 ? undefined : markup`<system-out>${lines.join('\n')}</system-out>`;
}

function checkCase(check: Check): TestCase {
  const open = markup`<testcase classname="dps-rig.checks.${check.kind}" name="${check.name}" time="0"`;
  if (check.passed) return { kind: 'passed', xml: markup`${open}/>` };
  return {
    kind: 'failure',
    xml: markup`${open}><failure type="${check.kind}" message="${check.actual}">${check.detail}</failure></testcase>`,
  };
}

function createSuite(name: string, cases: readonly TestCase[], result: RunResult) {
  const { tests, failures, errors, skipped } = countCases(cases);
  const timestamp = result.startedAt.replace(/(\.\d+)?Z$/, '');
  const properties = propertiesOf(result).map(
    ([key, value]) => markup`      <property name="${key}" value="${value}"/>\n`,
  );
  const xml = markup`  <testsuite name="${name}" tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="${seconds(result.durationMs)}" timestamp="${timestamp}">
    <properties>
${properties}    </properties>
${cases.map((testCase) => markup`    ${testCase.xml}\n`)}  </testsuite>
`;
  return { cases, xml };
}

function propertiesOf(result: RunResult): readonly (readonly [string, string | number])[] {
  return [
    ['version', result.tool.version],
    ['scenario', result.scenario.file],
    ['seed', result.scenario.seed],
    ['endpoint', result.endpoint.host],
    ['idScope', result.endpoint.idScope],
    ...(result.endpoint.notAsUsual ?? []).map((what) => ['notAsUsual', what] as const),
    ['verdict', result.verdict],
  ];
}

function countCases(cases: readonly TestCase[]) {
  const count = (kind: CaseKind): number => cases.filter((testCase) => testCase.kind === kind).length;
  return {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
