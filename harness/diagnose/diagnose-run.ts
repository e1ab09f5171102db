import type { Diagnosis } from '../../reports/run-result.ts';
import { type DeviceResult, probeService } from '../../simulators/index.ts';
import type { FleetRun } from '../load/fleet-run.ts';
import type { DeviceRecord, FleetRecords } from '../metrics/fleet-ledger.ts';
import { diagnose } from './diagnose.ts';
import type { Evidence, ServiceEvidence } from './evidence.ts';

/** Devices of one run that are looked into, the first of the fleet: who reads more? The rest is counted by code. */
const MOST_DIAGNOSED = 1_000;

type Failed = DeviceRecord & { readonly result: Evidence['result'] };

/** Looks into the devices of a run that failed, while the service is still there: nothing is asked when none did. */
export async function diagnoseRun(
  { endpoint, plan, proxy }: Pick<FleetRun, 'endpoint' | 'plan' | 'proxy'>,
  outcomes: FleetRecords,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const failed = Iterator.from(outcomes)
    .filter((record): record is Failed => record !== undefined && isFailed(record.result))
    .take(MOST_DIAGNOSED)
    .toArray();
  if (failed.length === 0 || endpoint.kind === 'null') return [];
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

const isFailed = ({ kind }: DeviceResult): boolean => kind === 'ended' || kind === 'error';

/** A device may have asked under another name than it was planned: keys are derived from that. */
const askedFor = ({ registrationId, evidence }: Failed): string => evidence?.registrationId ?? registrationId;
