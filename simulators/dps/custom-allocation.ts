import { z } from 'zod';
import type { InitialTwin } from '../hub/twin.ts';
import { startDeadline } from '../kernel/deadline.ts';
import { toError } from '../kernel/errors.ts';
import type { Enrollment } from '../wire/enrollment.ts';
import type { Admission } from './attestation/admission.ts';
import type { Assignment } from './reprovisioning.ts';

/** What a webhook is told about a device, apart from the enrollment. */
export interface AllocationQuestion {
  readonly registrationId: string;
  readonly admission: Admission;
  readonly before: Assignment | undefined;
  /** As the device sent it; undefined when it sent none. */
  readonly payload: unknown;
  readonly linkedHubs: readonly string[];
}

export type AllocationAnswer =
  | {
      readonly kind: 'allocated';
      readonly hub: string;
      readonly payload: unknown;
      readonly initialTwin: InitialTwin | undefined;
    }
  | { readonly kind: 'failed'; readonly message: string };

/** Asks the enrollment's webhook for a hub. Never rejects: whatever goes wrong is a registration that fails. */
export type AllocateCustom = (question: AllocationQuestion) => Promise<AllocationAnswer>;

export interface CustomAllocationOptions {
  /** The service's own limit is not known. */
  readonly timeoutMs: number;
  /** Ends calls under way when the emulator closes. */
  readonly signal: AbortSignal;
}

const members = z.record(z.string(), z.unknown());
const answerSchema = z.object({
  iotHubHostName: z.string(),
  payload: z.unknown().optional(),
  initialTwin: z
    .object({ tags: members.optional(), properties: z.object({ desired: members.optional() }).optional() })
    .nullish(),
});

/** Custom allocation by a real call over HTTP or HTTPS, as the service documents it. */
export function createCustomAllocation({ timeoutMs, signal }: CustomAllocationOptions): AllocateCustom {
  return async (question) => {
    const { customAllocationDefinition } = question.admission.enrollment;
    if (customAllocationDefinition === undefined) return failed(': the enrollment has no webhook');
    using deadline = startDeadline(timeoutMs, signal, 'the webhook');
    try {
      const response = await fetch(customAllocationDefinition.webhookUrl, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(requestBody(question)),
        redirect: 'manual',
        signal: deadline.signal,
      });
      const text = await response.text();
      if (!response.ok) return failed(` with status code: ${response.status}`); // the service's own words
      const { iotHubHostName: hub, payload, initialTwin } = answerSchema.parse(JSON.parse(text));
      return question.linkedHubs.includes(hub)
        ? { kind: 'allocated', hub, payload, initialTwin: initialTwin ?? undefined }
        : failed(`: ${hub} is not one of linkedHubs`);
    } catch (thrown) {
      return failed(`: ${describeFailure(thrown)}`);
    }
  };
}

const failed = (how: string): AllocationAnswer => ({
  kind: 'failed',
  message: `Custom allocation failed${how}`,
});

function describeFailure(thrown: unknown): string {
  if (thrown instanceof SyntaxError) return 'the answer is not JSON';
  if (thrown instanceof z.ZodError) return 'the answer has no iotHubHostName';
  const { message, cause } = toError(thrown);
  return cause === undefined ? message : `${message} (${toError(cause).message})`; // fetch says why only in the cause
}

function requestBody({ registrationId, admission, before, payload, linkedHubs }: AllocationQuestion) {
  const { enrollment } = admission;
  const kind = 'registrationId' in enrollment ? 'individualEnrollment' : 'enrollmentGroup';
  return {
    [kind]: withoutSecrets(enrollment),
    deviceRuntimeContext: {
      registrationId,
      ...(before === undefined
        ? {}
        : { currentIotHubHostName: before.hub, currentDeviceId: before.deviceId }),
      ...proofDetails(admission),
      ...(payload === undefined ? {} : { payload }),
    },
    linkedHubs,
  };
}

/** Symmetric keys stay here, the rest of the attestation is public; what the enrollment leaves out has its default. */
function withoutSecrets(enrollment: Enrollment): unknown {
  const { attestation } = enrollment;
  return {
    capabilities: { iotEdge: false },
    provisioningStatus: 'enabled',
    reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
    ...enrollment,
    attestation: attestation.type === 'symmetricKey' ? { type: 'symmetricKey' } : attestation,
  };
}

function proofDetails({ enrollment, assign }: Admission): object {
  const { attestation } = enrollment;
  switch (attestation.type) {
    case 'symmetricKey':
      return { symmetricKey: {} };
    case 'tpm':
      return { tpm: { endorsementKey: attestation.tpm.endorsementKey } };
    case 'x509':
      return assign().state;
  }
}
