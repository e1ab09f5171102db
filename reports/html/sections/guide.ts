import { markup } from '../../markup.ts';
import type { RunResult } from '../../run-result.ts';
import { outcomeKinds, outcomeTexts } from '../charts/palette.ts';
import type { Section } from './section.ts';

/** How to read the page, for those who did not write the scenario. */
export function guideSection(result: RunResult): Section {
  const outcomes = outcomeKinds.map(
    (kind) => markup`<div><dt>${outcomeTexts[kind].label}</dt><dd>${outcomeTexts[kind].meaning}</dd></div>`,
  );
  const content = markup`<dl class="guide">
<div><dt>Verdict</dt><dd>Correctness comes first: an expectation or the oracle that does not hold fails the run whatever its speed. Thresholds judge speed.</dd></div>
<div><dt>Oracle</dt><dd>After the run, the registry of the service is compared with the whole fleet: every device assigned once, to the right hub, under its own deviceId; none lost, doubled or crossed.</dd></div>
<div><dt>Cell</dt><dd>One combination of platform, enrollment, attestation, key store, transport and client, with a fault where one is set.</dd></div>
${outcomes}
<div><dt>Latency</dt><dd>Counted from the moment a device was meant to start, so a slow service cannot hide behind devices that started late. Making keys, certificates and TPMs is not in it.</dd></div>
<div><dt>Start lateness</dt><dd>How far the load generator itself fell behind its plan. When it comes near the latencies, the machine was too small for the load.</dd></div>
<div><dt>Percentile</dt><dd>p95 is the time that 95 of 100 devices stayed under. Percentiles of phases do not add up to that of the total.</dd></div>
<div><dt>Again</dt><dd>With seed ${result.scenario.seed} the same scenario plans the same devices, start times and faults, on any number of workers: <code>dps-rig run ${result.scenario.file} --seed ${result.scenario.seed}</code></dd></div>
</dl>`;
  return { id: 'guide', title: 'How to read this page', shortTitle: 'How to read', content };
}
