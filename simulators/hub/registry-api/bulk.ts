import { z } from 'zod';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';
import type { HubRegistry } from '../hub-registry.ts';
import { deleteDevice, putDevice } from './change-device.ts';
import { deviceBody, readBodyAs } from './identity-body.ts';

/** As published; the official clients refuse more by themselves. */
const LARGEST_BULK = 100;

/** Clients spell the modes in more than one way. */
const modes = ['create', 'update', 'createorupdate', 'delete'] as const;
const importMode = z
  .string()
  .transform((text) => text.toLowerCase().replace(/ifmatchetag$/, ''))
  .pipe(z.enum(modes));

const items = z
  .array(
    deviceBody.omit({ deviceId: true }).extend({
      id: z.string().min(1),
      importMode: z.string(),
      eTag: z.string().nullish(),
    }),
  )
  .min(1);
type BulkItem = z.infer<typeof items>[number];

export interface BulkResult {
  readonly isSuccessful: boolean;
  readonly errors: readonly object[];
  readonly warnings: readonly object[];
}

/** Adds, changes or removes up to 100 devices; each item succeeds or fails by itself. */
export function runBulk(registry: HubRegistry, body: unknown, nowMs: number): BulkResult | HubRefusal {
  const read = readBodyAs(items, body);
  if ('kind' in read) return read;
  if (read.value.length > LARGEST_BULK) {
    return hubRefusals.tooManyDevices(`${read.value.length} devices, ${LARGEST_BULK} are allowed`);
  }
  const errors = read.value.flatMap((item) => {
    const refusal = runItem(registry, item, nowMs);
    return refusal === undefined ? [] : [describeFailure(item, refusal)];
  });
  return { isSuccessful: errors.length === 0, errors, warnings: [] };
}

function runItem(registry: HubRegistry, item: BulkItem, nowMs: number): HubRefusal | undefined {
  const mode = importMode.safeParse(item.importMode);
  if (!mode.success) return hubRefusals.argumentInvalid(`importMode ${item.importMode.slice(0, 64)}`);
  const exists = registry.get(item.id) !== undefined;
  const ifMatch = /ifmatchetag$/i.test(item.importMode) ? (item.eTag ?? '*') : '*';
  const { id: deviceId, importMode: _mode, eTag: _etag, ...body } = item;
  if (mode.data === 'delete') return deleteDevice(registry, { deviceId, ifMatch });
  const creates = mode.data === 'create' || (mode.data === 'createorupdate' && !exists);
  const put = putDevice(registry, { deviceId, ifMatch: creates ? undefined : ifMatch }, body, nowMs);
  return put.kind === 'refused' ? put : undefined;
}

const describeFailure = (item: BulkItem, { name, errorCode, message }: HubRefusal) => ({
  deviceId: item.id,
  errorCode: name,
  errorStatus: `${errorCode}: ${message}`,
  moduleId: null,
  operation: item.importMode,
});
