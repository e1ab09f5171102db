import picocolors from 'picocolors';
import { byUrgency, judgeCell, nameCells } from './cells.ts';
import { commonActual, errorsAreWanted, oracleChecks, scenarioChecks } from './checks.ts';
import { describeGrades, gradesAreOf } from './client-grades.ts';
import { align, type Column, columnsOf, cut, fold, pad } from './console-layout.ts';
import { commandsOf, groupDiagnoses, notLookedInto } from './diagnoses.ts';
import { formatCount, formatMs } from './figures.ts';
import { describeKeyCustody } from './key-custody.ts';
import { phasesOf } from './phases.ts';
import type { CellResult, Check, OutcomeCounts, RunResult } from './run-result.ts';
import { oneLine, plural, shorten } from './text.ts';
import { describeVerdict, headline, type Tone, toneSymbols } from './verdict.ts';

/** How and where the summary is shown. */
interface ConsoleOptions {
  readonly color: boolean;
  /** Columns of the terminal; the summary uses 80 to 100 of them. */
  readonly width: number;
  /** Where the report is, as the user would open it; left out when none was written. */
  readonly reportPath?: string | undefined;
}

// What a terminal shows at once; the rest is in the report.
const MAX_CELLS = 16;
const MAX_CHECKS = 10;
const MAX_ERRORS = 8;
const MAX_DIAGNOSES = 10;
const MAX_NAME_BESIDE_FIGURE = 48;

/** The summary at the end of a run: verdict, checks, cells, phases, errors, the oracle, and where the report is. */
export function renderConsoleSummary(result: RunResult, options: ConsoleOptions): string {
  const screen: Screen = {
    colors: picocolors.createColors(options.color),
    width: Math.min(100, Math.max(80, options.width)),
  };
  const blocks = [
    titleBlock(result, screen),
    checksBlock(result, screen),
    cellsBlock(result, screen),
    phasesBlock(result, screen),
    clientGradesBlock(result, screen),
    keyCustodyBlock(result, screen),
    errorsBlock(result, screen),
    diagnosesBlock(result, screen),
    oracleBlock(result, screen),
    reportBlock(options.reportPath, screen),
    verdictBlock(result, screen),
  ];
  const lines = blocks.filter((block) => block.length > 0).flatMap((block) => ['', ...block]);
  return `${lines.join('\n')}\n`;
}

interface Screen {
  readonly colors: ReturnType<typeof picocolors.createColors>;
  readonly width: number;
}

type Lines = readonly string[];

function titleBlock(result: RunResult, { colors, width }: Screen): Lines {
  const { scenario, endpoint, load } = result;
  const about = [
    `seed ${scenario.seed}`,
    `${oneLine(endpoint.kind)} ${oneLine(endpoint.host)}`,
    ...(endpoint.notAsUsual ?? []).map(oneLine),
    oneLine(load.arrival),
    plural(load.workers, 'worker'),
  ].join(' · ');
  return [
    `  ${colors.bold(cut(oneLine(scenario.name), width - 2))}`,
    ...fold(about, width - 2).map((line) => `  ${colors.dim(line)}`),
  ];
}

function checksBlock(result: RunResult, screen: Screen): Lines {
  const all = scenarioChecks(result);
  if (all.length === 0) return [];
  const shown = all.filter(({ passed }, index) => passed || index < MAX_CHECKS);
  const short = shown
    .map(({ name }) => oneLine(name))
    .filter((name) => name.length <= MAX_NAME_BESIDE_FIGURE);
  const nameWidth = Math.max(0, ...short.map(columnsOf));
  const left = all.length - shown.length;
  return [
    heading('checks', '', screen),
    ...shown.flatMap((check) => checkLines(check, nameWidth, screen)),
    ...(left > 0
      ? [screen.colors.dim(`      … and ${plural(left, 'more broken check')}, all in the report`)]
      : []),
  ];
}

/** What all checks that held have seen alike stands in the heading; they themselves say what was looked at. */
function oracleBlock(result: RunResult, screen: Screen): Lines {
  const checks = oracleChecks(result);
  if (checks.length === 0) return [];
  const seen = commonActual(checks.filter(({ passed }) => passed));
  return [
    heading('oracle', oneLine(seen ?? ''), screen),
    ...checks.flatMap((check) =>
      checkLines(check.actual === seen ? { ...check, actual: '' } : check, 0, screen),
    ),
  ];
}

function checkLines(check: Check, nameWidth: number, screen: Screen): Lines {
  const tone = check.passed ? 'good' : 'bad';
  const mark = paint(tone, toneSymbols[tone], screen);
  const name = oneLine(check.name);
  const actual = shorten(oneLine(check.actual), 200);
  const figure = (text: string): string => (check.passed ? text : paint(tone, text, screen));
  const detail = check.detail === null ? [] : fold(shorten(oneLine(check.detail), 400), screen.width - 6);
  const more = indent(detail, 6).map(screen.colors.dim);

  const beside =
    actual !== '' &&
    name.length <= MAX_NAME_BESIDE_FIGURE &&
    columnsOf(actual) <= screen.width - Math.max(nameWidth, columnsOf(name)) - 8;
  if (beside) return [`    ${mark} ${pad(name, nameWidth)}  ${figure(actual)}`, ...more];
  const [first = '', ...rest] = indent(fold(name, screen.width - 6), 6);
  const below = actual === '' ? [] : indent(fold(actual, screen.width - 6), 6).map(figure);
  return [`    ${mark} ${first.trimStart()}`, ...rest, ...below, ...more];
}

function cellsBlock(result: RunResult, screen: Screen): Lines {
  if (result.cells.length === 0) return [];
  const names = nameCells(result.cells);
  const shown = byUrgency(result.cells, result).slice(0, MAX_CELLS);
  const countColumns = outcomeKinds.filter(
    (kind) => kind === 'assigned' || result.cells.some((cell) => cell.outcomes[kind] > 0),
  );
  const columns: readonly Column[] = [
    { title: '', side: 'left', grows: true },
    ...['devices', ...countColumns, 'med', 'p(95)'].map((title): Column => ({ title, side: 'right' })),
  ];
  const rows = shown.map((cell) => [
    oneLine(names.shortName(cell)),
    formatCount(cell.devices),
    ...countColumns.map((kind) => formatCount(cell.outcomes[kind])),
    formatMs(cell.totalMs.p50Ms),
    formatMs(cell.totalMs.p95Ms),
  ]);
  const [head = '', ...body] = align(columns, rows, screen.width - 6);
  const lines = body.flatMap((line, index) => cellLines(line, shown[index], result, screen));
  const left = result.cells.length - shown.length;
  return [
    heading('cells', names.common.map(oneLine).join(' · '), screen),
    `      ${screen.colors.dim(head)}`,
    ...lines,
    ...(left > 0 ? [screen.colors.dim(`      … and ${plural(left, 'more cell')}, all in the report`)] : []),
  ];
}

function cellLines(line: string, cell: CellResult | undefined, result: RunResult, screen: Screen): Lines {
  if (cell === undefined) return [];
  const { tone, reason, kind } = judgeCell(cell, result);
  const row = `    ${paint(tone, toneSymbols[tone], screen)} ${line}`;
  if (kind !== 'not-possible') return [row];
  return [
    row,
    ...indent(fold(`not possible: ${oneLine(reason)}`, screen.width - 8), 8).map(screen.colors.dim),
  ];
}

function phasesBlock(result: RunResult, screen: Screen): Lines {
  const phases = phasesOf(result);
  if (phases.length === 0) return [];
  const columns: readonly Column[] = [
    { title: '', side: 'left', grows: true },
    { title: 'count', side: 'right', dispensable: 3 },
    { title: 'avg', side: 'right' },
    { title: 'min', side: 'right', dispensable: 1 },
    { title: 'med', side: 'right' },
    { title: 'max', side: 'right' },
    { title: 'p(90)', side: 'right', dispensable: 2 },
    { title: 'p(95)', side: 'right' },
    { title: 'p(99)', side: 'right' },
  ];
  const rows = phases.map(({ name, distribution: d }) => [
    oneLine(name),
    formatCount(d.count),
    ...[d.meanMs, d.minMs, d.p50Ms, d.maxMs, d.p90Ms, d.p95Ms, d.p99Ms].map(formatMs),
  ]);
  const [head = '', ...body] = align(columns, rows, screen.width - 6);
  const last = body.length - 1;
  return [
    heading('phases', '', screen),
    `      ${screen.colors.dim(head)}`,
    ...body.map((line, index) => `      ${index === last ? screen.colors.bold(line) : line}`),
    ...calibrationLines(result, screen),
  ];
}

/** How much of the figures above is the harness's own. */
function calibrationLines({ calibration, cpuPerDeviceMs }: RunResult, screen: Screen): Lines {
  if (calibration === undefined) return [];
  const own = `${formatMs(calibration.cpuPerDeviceMs)} of ${formatMs(cpuPerDeviceMs)} CPU per device is the harness's own`;
  const wait = `a device sent to nobody takes ${formatMs(calibration.total.p50Ms)}, p(99) ${formatMs(calibration.total.p99Ms)}`;
  return indent(fold(`calibration: ${own}; ${wait}`, screen.width - 6), 6).map(screen.colors.dim);
}

function clientGradesBlock({ clientGrades }: RunResult, screen: Screen): Lines {
  if (clientGrades === undefined) return [];
  const lines = describeGrades(clientGrades).flatMap(({ grade, client, amplification, findings }) => [
    `    ${screen.colors.bold(grade)}  ${oneLine(client)}  ${screen.colors.dim(amplification)}`,
    ...findings.flatMap(({ mark, evidence }) => {
      const tone = mark === '✓' ? 'good' : 'bad';
      const [first = '', ...rest] = fold(oneLine(evidence), screen.width - 9);
      return [`       ${paint(tone, mark, screen)} ${first}`, ...indent(rest, 9)];
    }),
  ]);
  return [heading('how clients come again', gradesAreOf(clientGrades), screen), ...lines];
}

function keyCustodyBlock({ keyCustody }: RunResult, screen: Screen): Lines {
  if (keyCustody === undefined) return [];
  const facts = describeKeyCustody(keyCustody);
  const width = Math.max(...facts.map(({ fact }) => fact.length));
  return [
    heading('key custody', '', screen),
    ...facts.map(({ fact, value }) => `      ${pad(fact, width)}  ${screen.colors.dim(oneLine(value))}`),
  ];
}

function errorsBlock(result: RunResult, screen: Screen): Lines {
  if (result.errors.length === 0) return [];
  const { colors, width } = screen;
  const shown = result.errors.slice(0, MAX_ERRORS);
  const countWidth = Math.max(...shown.map((error) => formatCount(error.count).length));
  const lines = shown.flatMap((error) => {
    const count = formatCount(error.count).padStart(countWidth);
    const message = fold(shorten(oneLine(error.message), 300), width - 8);
    const hint = error.hint === null ? [] : fold(`→ ${shorten(oneLine(error.hint), 300)}`, width - 8);
    const examples = fold(`e.g. ${error.examples.map(oneLine).join(', ')}`, width - 8);
    return [
      `    ${colors.bold(count)} × ${paint('bad', cut(oneLine(error.code), width - countWidth - 8), screen)}`,
      ...indent(message, 6),
      ...indent(hint, 6).map(colors.cyan),
      ...(error.examples.length === 0 ? [] : indent(examples, 6).map(colors.dim)),
    ];
  });
  const left = result.errors.length - shown.length;
  return [
    heading('errors', errorsAreWanted(result) ? 'all within what the scenario expects' : '', screen),
    ...lines,
    ...(left > 0 ? [colors.dim(`    … and ${plural(left, 'more code')}, all in the report`)] : []),
  ];
}

/** Why, beside what: a line for each cause, and what to read of it. */
function diagnosesBlock(result: RunResult, screen: Screen): Lines {
  const groups = groupDiagnoses(result);
  if (groups.length === 0) return [];
  const { colors, width } = screen;
  const shown = groups.slice(0, MAX_DIAGNOSES);
  const countWidth = Math.max(...shown.map(({ count }) => formatCount(count).length));
  const lines = shown.flatMap((group) => {
    const count = formatCount(group.count).padStart(countWidth);
    const sure = group.confidence === 'certain' ? '' : `, ${group.confidence}`;
    const title = cut(`${oneLine(group.cause)} (${oneLine(group.code)}${sure})`, width - countWidth - 8);
    return [
      `    ${colors.bold(count)} × ${title}`,
      ...indent(fold(shorten(oneLine(group.statement), 300), width - 8), 6),
      ...indent(fold(commandsOf(group).map(oneLine).join(' · '), width - 8), 6).map(colors.dim),
    ];
  });
  const left = groups.length - shown.length;
  const unseen = notLookedInto(result);
  return [
    heading('diagnoses', 'from what the devices had and what the service knew', screen),
    ...lines,
    ...(left > 0 ? [colors.dim(`    … and ${plural(left, 'more cause')}, all in the report`)] : []),
    ...(unseen > 0
      ? [
          colors.dim(
            `    ${plural(unseen, 'more device')} not looked into: others had failed under the same code`,
          ),
        ]
      : []),
  ];
}

function reportBlock(path: string | undefined, screen: Screen): Lines {
  return path === undefined ? [] : [`${heading('report', '', screen)}  ${oneLine(path)}`];
}

function verdictBlock(result: RunResult, screen: Screen): Lines {
  const { label, tone } = describeVerdict(result);
  const badge = {
    good: 'bgGreen',
    bad: 'bgRed',
    warning: 'bgYellow',
    neutral: 'inverse',
  } as const satisfies Record<Tone, keyof Screen['colors']>;
  const { colors, width } = screen;
  const word = `${toneSymbols[tone]} ${label.toUpperCase()}`;
  const painted = colors.bold(colors[badge[tone]](colors.black(` ${word} `)));
  const room = width - word.length - 6;
  const [first = '', ...more] = fold(headline(result), room);
  return [`  ${painted}  ${first}`, ...indent(more, width - room)];
}

const outcomeKinds = [
  'assigned',
  'ended',
  'error',
  'aborted',
] as const satisfies readonly (keyof OutcomeCounts)[];

function heading(title: string, note: string, { colors, width }: Screen): string {
  const remark = note === '' ? '' : `  ${colors.dim(cut(note, width - title.length - 4))}`;
  return `  ${colors.bold(title.toUpperCase())}${remark}`;
}

function paint(tone: Tone, text: string, { colors }: Screen): string {
  switch (tone) {
    case 'good':
      return colors.green(text);
    case 'bad':
      return colors.red(text);
    case 'warning':
      return colors.yellow(text);
    case 'neutral':
      return colors.dim(text);
  }
}

function indent(lines: Lines, columns: number): Lines {
  return lines.map((line) => `${' '.repeat(columns)}${line}`);
}
