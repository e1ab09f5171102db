import { byUrgency, judgeCell, nameCells } from './cells.ts';
import { errorsAreWanted, oracleChecks, scenarioChecks } from './checks.ts';
import { describeGrades, gradeColumns, gradesAreOf } from './client-grades.ts';
import { groupDiagnoses, notLookedInto } from './diagnoses.ts';
import { formatCount, formatMs, formatShare } from './figures.ts';
import { describeKeyCustody } from './key-custody.ts';
import { phasesOf } from './phases.ts';
import type { RunResult } from './run-result.ts';
import { oneLine, plural, shorten } from './text.ts';
import { describeVerdict, headline, type Tone } from './verdict.ts';

// A job summary is read at a glance, and CI servers cap its size.
const MAX_CELLS = 50;
const MAX_CHECKS = 50;
const MAX_ERRORS = 20;

/** GitHub-flavoured Markdown for the summary of a CI job. */
export function renderMarkdown(result: RunResult): string {
  const verdict = describeVerdict(result);
  const sections = [
    `## ${toneEmoji[verdict.tone]} dps-rig: ${text(result.scenario.name)}`,
    `**${verdict.label}.** ${headline(result)}.`,
    checksSection(result),
    errorsSection(result),
    diagnosesSection(result),
    cellsSection(result),
    phasesSection(result),
    clientGradesSection(result),
    keyCustodySection(result),
    runSection(result),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

const toneEmoji = { good: '✅', bad: '❌', warning: '⚠️', neutral: '➖' } as const satisfies Record<
  Tone,
  string
>;

function checksSection(result: RunResult): string {
  const checks = [...scenarioChecks(result), ...oracleChecks(result)];
  if (checks.length === 0) return '';
  const rows = checks
    .slice(0, MAX_CHECKS)
    .map((check) => [
      check.passed ? toneEmoji.good : toneEmoji.bad,
      check.kind,
      text(check.name),
      text(check.detail === null ? check.actual : `${check.actual} (${check.detail})`),
    ]);
  const left = checks.length - rows.length;
  return section(
    'Checks',
    table(['', 'kind', 'check', 'seen'], rows),
    left > 0 ? `And ${plural(left, 'more check')}: see index.html.` : '',
  );
}

function errorsSection(result: RunResult): string {
  if (result.errors.length === 0) return '';
  const shown = result.errors.slice(0, MAX_ERRORS);
  const rows = shown.map((error) => [
    formatCount(error.count),
    code(error.code),
    text(error.message),
    text(error.hint ?? ''),
    error.examples.map(code).join(', '),
  ]);
  const left = result.errors.length - shown.length;
  return section(
    'Errors',
    errorsAreWanted(result) ? 'All of them are within what the scenario expects.' : '',
    table(['>count', 'code', 'message', 'what to do', 'for example'], rows),
    left > 0 ? `And ${plural(left, 'more code')}: see index.html.` : '',
  );
}

function diagnosesSection(result: RunResult): string {
  const groups = groupDiagnoses(result);
  if (groups.length === 0) return '';
  const rows = groups
    .slice(0, MAX_ERRORS)
    .map(({ count, cause, code: met, statement, fix, examples }) => [
      formatCount(count),
      code(cause),
      code(met),
      text(statement),
      text(fix ?? ''),
      examples.map(code).join(', '),
    ]);
  const left = groups.length - rows.length;
  const unseen = notLookedInto(result);
  return section(
    'Diagnoses',
    table(['>count', 'cause', 'code', 'what was found', 'what to do', 'for example'], rows),
    left > 0 ? `And ${plural(left, 'more cause')}: see index.html.` : '',
    unseen > 0
      ? `${plural(unseen, 'more device')} not looked into: others had failed under the same code.`
      : '',
  );
}

function cellsSection(result: RunResult): string {
  if (result.cells.length === 0) return '';
  const names = nameCells(result.cells);
  const shown = byUrgency(result.cells, result).slice(0, MAX_CELLS);
  const rows = shown.map((cell) => {
    const judgement = judgeCell(cell, result);
    const what = cell.notPossible === null ? formatCount(cell.outcomes.assigned) : text(judgement.reason);
    return [
      toneEmoji[judgement.tone],
      code(names.shortName(cell)),
      formatCount(cell.devices),
      what,
      cell.notPossible === null ? formatShare(cell.outcomes.assigned, cell.devices) : '',
      formatMs(cell.totalMs.p50Ms),
      formatMs(cell.totalMs.p95Ms),
    ];
  });
  const left = result.cells.length - shown.length;
  return section(
    'Cells',
    names.common.length === 0 ? '' : `All of them: ${names.common.map(code).join(' ')}`,
    table(['', 'cell', '>devices', '>assigned', '>share', '>median', '>p95'], rows),
    left > 0 ? `And ${plural(left, 'more cell')}: see index.html.` : '',
  );
}

function phasesSection(result: RunResult): string {
  const rows = phasesOf(result).map(({ name, distribution: d }) => [
    code(name),
    formatCount(d.count),
    ...[d.meanMs, d.minMs, d.p50Ms, d.maxMs, d.p90Ms, d.p95Ms, d.p99Ms].map(formatMs),
  ]);
  if (rows.length === 0) return '';
  const heads = ['phase', '>count', '>avg', '>min', '>med', '>max', '>p90', '>p95', '>p99'];
  return section('Phases', table(heads, rows));
}

function clientGradesSection({ clientGrades }: RunResult): string {
  if (clientGrades === undefined) return '';
  const rows = describeGrades(clientGrades).map(({ grade, client, amplification, backOff, findings }) => [
    text(grade),
    text(client),
    text(amplification),
    text(backOff),
    findings.map(({ mark, evidence }) => `${mark} ${text(evidence)}`).join('<br>'),
  ]);
  const { client, amplification, backOff } = gradeColumns;
  return section(
    'How clients come again',
    gradesAreOf(clientGrades),
    table(['grade', client, `>${amplification}`, `>${backOff}`, 'evidence'], rows),
  );
}

function keyCustodySection({ keyCustody }: RunResult): string {
  if (keyCustody === undefined) return '';
  const facts = describeKeyCustody(keyCustody).map(({ fact, value }) => [text(fact), text(value)]);
  return section('Key custody', table(['keys in tokens', '>'], facts));
}

function runSection(result: RunResult): string {
  const { scenario, endpoint, load, machine, tool } = result;
  const facts = [
    `${code(scenario.file)}, seed ${scenario.seed}`,
    `${text(endpoint.kind)} ${code(endpoint.host)}, idScope ${code(endpoint.idScope)}`,
    ...(endpoint.notAsUsual ?? []).map(text),
    `${text(load.arrival)}, ${plural(load.workers, 'worker')}, TPM ${text(load.tpmMode)}`,
    `${text(machine.cpu)}, ${plural(machine.cores, 'core')}, Node ${text(machine.node)}`,
    `dps-rig ${text(tool.version)}`,
  ];
  return `<sub>${facts.join(' · ')}</sub>`;
}

function section(title: string, ...blocks: readonly string[]): string {
  return [`### ${title}`, ...blocks].filter((block) => block !== '').join('\n\n');
}

/** A table; a head that begins with `>` makes its column right-aligned. The cells are Markdown already. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const titles = heads.map((head) => head.replace(/^>/, ''));
  const rules = heads.map((head) => (head.startsWith('>') ? '--:' : '---'));
  return [titles, rules, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Free text, with everything escaped that Markdown, HTML or a table could take for its own. */
function text(value: string): string {
  return shorten(oneLine(value), 400).replaceAll(/[\\`*_[\]<>|~&@#!$]/g, '\\$&');
}

/** A code span: nothing in it is Markdown, but a table still splits at `|`. */
function code(value: string): string {
  const content = shorten(oneLine(value), 200).replaceAll('|', '\\|');
  const longestRun = Math.max(0, ...Array.from(content.matchAll(/`+/g), (run) => run[0].length));
  const fence = '`'.repeat(longestRun + 1);
  const padding = content === '' || content.startsWith('`') || content.endsWith('`') ? ' ' : '';
  return `${fence}${padding}${content}${padding}${fence}`;
}
