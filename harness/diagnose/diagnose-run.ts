import type { Diagnosis } from '../../reports/run-result.ts';
import { probeService } from '../../simulators/index.ts';
import type { FleetRun } from '../load/fleet-run.ts';
import { MOST_LOOKED_INTO } from '../load/look-budget.ts';
import type { DeviceRecord, FleetLedger } from '../metrics/fleet-ledger.ts';
import { diagnose } from './diagnose.ts';
import { codeOf, type Evidence, type ServiceEvidence } from './evidence.ts';

type Failed = DeviceRecord & { readonly result: Evidence['result'] };

/** Looks into the devices of a run that failed, while the service is still there: nothing is asked when none did. */
export async function diagnoseRun(
  { endpoint, plan, proxy }: Pick<FleetRun, 'endpoint' | 'plan' | 'proxy'>,
  outcomes: Pick<FleetLedger, 'special'>,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  if (endpoint.kind === 'null') return [];
  const failed = worthALook(outcomes.special().filter(isFailed));
  if (failed.length === 0) return [];
  const known = await endpoint.evidence(failed.map(askedFor)).catch(() => undefined);
  const service: ServiceEvidence = {
    idScope: known?.idScope ?? endpoint.dps.idScope,
    proxied: proxy !== undefined,
    probe: await probeService({ ...endpoint.dps, proxy }, signal),
  };
  return failed.flatMap((record, position) => {
    const spec = plan.devices.at(record.index)?.spec;
    const cell = plan.cells[record.cell]?.name;
    if (spec === undefined || cell === undefined) return [];
    // Not the spec itself: it names the mistake, and who knows that needs no evidence.
    const planned = { enrollment: spec.enrollment, attestation: spec.attestation };
    const { registrationId, result, phasesMs = {}, evidence: device } = record;
    const enrollment = known?.enrollments[position];
    return [
      { cell, ...diagnose({ registrationId, result, planned, phasesMs, device, service, enrollment }) },
    ];
  });
}

const isFailed = (record: DeviceRecord): record is Failed =>
  record.result.kind === 'ended' || record.result.kind === 'error';

/** Of which there is evidence; where there is none of a kind, one has to do. */
function worthALook(failed: readonly Failed[]): readonly Failed[] {
  const kindOf = (record: Failed): string => `${record.cell} ${codeOf(record)}`;
  const seen = new Set(failed.filter(({ evidence }) => evidence !== undefined).map(kindOf));
  return failed
    .filter((record) => {
      const isFirst = !seen.has(kindOf(record));
      seen.add(kindOf(record));
      return record.evidence !== undefined || isFirst;
    })
    .slice(0, MOST_LOOKED_INTO);
}

/** A device may have asked under another name than it was planned: keys are derived from that. */
const askedFor = ({ registrationId, evidence }: Failed): string => evidence?.registrationId ?? registrationId;
