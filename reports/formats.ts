import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import type { RunResult } from './run-result.ts';

/** One report file: a pure function of the result. */
export interface ReportFormat {
  readonly fileName: string;
  readonly description: string;
  readonly render: (result: RunResult) => string | Promise<string>;
}

/** Every report that a run writes, in the order in which they are written. */
export const reportFormats = {
  json: {
    fileName: 'run-result.json',
    description: 'everything that was measured and judged, for programs; versioned schema',
    render: renderJson,
  },
  junit: {
    fileName: 'junit.xml',
    description: 'one test case per cell and per check, for CI servers',
    render: renderJunit,
  },
  markdown: {
    fileName: 'summary.md',
    description: 'the summary of a CI job',
    render: renderMarkdown,
  },
  html: {
    fileName: 'index.html',
    description: 'one self-contained page with charts, for people',
    // ECharts takes most of a second to load; commands that write no page should not pay for it.
    render: async (result) => (await import('./html/page.ts')).renderPage(result),
  },
} as const satisfies Record<string, ReportFormat>;
