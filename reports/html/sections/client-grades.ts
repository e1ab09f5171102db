import { describeGrades, gradeColumns, gradesAreOf } from '../../client-grades.ts';
import { markup } from '../../markup.ts';
import type { RunResult } from '../../run-result.ts';
import { renderTable } from '../table.ts';
import type { Section } from './section.ts';

/** How each client came again when it was told to wait. */
export function clientGradesSection({ clientGrades }: RunResult): Section | undefined {
  if (clientGrades === undefined) return undefined;
  const { client: _first, ...figures } = gradeColumns;
  const rows = describeGrades(clientGrades).map((row) => [
    row.client,
    row.grade,
    ...(Object.keys(figures) as (keyof typeof figures)[]).map((key) => row[key]),
    markup`<ul>${row.findings.map(({ mark, evidence }) => markup`<li>${mark} ${evidence}</li>`)}</ul>`,
  ]);
  const columns = [
    { title: gradeColumns.client },
    { title: 'Grade' },
    ...Object.values(figures).map((title) => ({ title, figures: true })),
    { title: 'Evidence' },
  ];
  return {
    id: 'client-grades',
    title: 'How clients come again',
    shortTitle: 'Client grades',
    lead: ['Graded by what the service saw when it told them to wait', gradesAreOf(clientGrades)]
      .filter((part) => part !== '')
      .join(', '),
    content: renderTable('How clients come again', columns, rows),
  };
}
