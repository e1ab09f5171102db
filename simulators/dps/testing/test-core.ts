import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'vitest';
import { HubDirectory } from '../../hub/hub-directory.ts';
import { provisionDevice } from '../../hub/provision-device.ts';
import { concatBytes, fromHex, toBase64 } from '../../kernel/bytes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { pemToDer, splitPemChain } from '../../pki/pem.ts';
import type { DeviceRegistration, DeviceRegistrationResult } from '../../wire/device-api.ts';
import type { Enrollment } from '../../wire/enrollment.ts';
import { formatSasToken, signSas } from '../../wire/sas-token.ts';
import type { PresentedProof } from '../attestation/attest.ts';
import { IssuedKeys } from '../attestation/issued-keys.ts';
import { createCustomAllocation } from '../custom-allocation.ts';
import { EnrollmentStore } from '../enrollment-store.ts';
import { createQuotas, type QuotaLimits } from '../quotas.ts';
import { RegistrationRegistry } from '../registration-registry.ts';
import {
  createRegistrationService,
  type RegisterAnswer,
  type RegistrationService,
} from '../registration-service.ts';

export const testId = 'dev-01';
export const testScope = '0ne00ABCDEF';
export const testHubs = ['hub-1.azure-devices.net', 'hub-2.azure-devices.net', 'hub-3.azure-devices.net'];

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  advanceMs(durationMs: number): void;
}

export interface TestCore {
  readonly service: RegistrationService;
  /** Registers the test device of the test scope unless told otherwise. */
  register(
    proof: PresentedProof,
    other?: {
      readonly registrationId?: string;
      readonly idScope?: string;
      readonly tpm?: NonNullable<DeviceRegistration['tpm']>;
      readonly apiVersion?: string;
      readonly payload?: unknown;
    },
  ): RegisterAnswer;
  /** What a register that was accepted ended as. */
  finish(answer: RegisterAnswer, proof: PresentedProof, registrationId?: string): DeviceRegistrationResult;
  readonly enrollments: EnrollmentStore;
  readonly issuedKeys: IssuedKeys;
  readonly registry: RegistrationRegistry;
  readonly directory: HubDirectory;
  readonly clock: TestClock;
}

/** The registration core without any front end. */
export function createTestCore(
  options: {
    readonly assigningDurationMs?: number;
    readonly webhookTimeoutMs?: number;
    readonly quotas?: QuotaLimits;
  } = {},
): TestCore {
  const clock = createTestClock();
  const enrollments = new EnrollmentStore(clock);
  const registry = new RegistrationRegistry(clock);
  const issuedKeys = new IssuedKeys();
  const directory = new HubDirectory(testHubs);
  const service = createRegistrationService({
    idScope: testScope,
    hubs: testHubs,
    allocateCustom: createCustomAllocation({
      timeoutMs: options.webhookTimeoutMs ?? 5000,
      signal: new AbortController().signal,
    }),
    provision: (device) => {
      provisionDevice(device, directory);
    },
    assigningDurationMs: options.assigningDurationMs ?? 0,
    clock,
    enrollments,
    registry,
    issuedKeys,
    quotas: createQuotas(options.quotas ?? {}, clock),
  });
  return {
    service,
    enrollments,
    issuedKeys,
    registry,
    directory,
    clock,
    register: (proof, { registrationId = testId, idScope = testScope, apiVersion, ...body } = {}) =>
      service.register(
        { idScope, registrationId, proof, ...(apiVersion === undefined ? {} : { apiVersion }) },
        body,
      ),
    finish: (answer, proof, registrationId = testId) => {
      if (answer.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(answer)}`);
      const device = { idScope: testScope, registrationId, proof };
      const status = service.queryOperation(device, answer.operation.operationId);
      const state = status.kind === 'finished' ? status.operation.registrationState : undefined;
      if (state === undefined) throw new Error(`not finished: ${JSON.stringify(status)}`);
      return state;
    },
  };
}

export const noProof: PresentedProof = { kind: 'none' };
export const sasProof = (token: string): PresentedProof => ({ kind: 'sas', token });
export const certificateProof = (chainPem: string): PresentedProof => ({
  kind: 'certificate',
  chain: splitPemChain(chainPem).map(pemToDer),
});

/** For `toEqual` and `toMatchObject`. */
export const refusedWith = (status: number, errorCode: number) => ({
  kind: 'refused',
  refusal: expect.objectContaining({ status, errorCode }) as unknown,
});

export const symmetricKeys = (primary: Uint8Array, secondary?: Uint8Array): Enrollment['attestation'] => ({
  type: 'symmetricKey',
  symmetricKey: {
    primaryKey: toBase64(primary),
    ...(secondary === undefined ? {} : { secondaryKey: toBase64(secondary) }),
  },
});

function createTestClock(): TestClock {
  let nowMs = Date.now();
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleepMs: () => Promise.reject(new Error('nothing in the core sleeps')),
    advanceMs: (durationMs) => {
      nowMs += durationMs;
    },
  };
}

/** A token for a device of {@link testScope}, as Node's SDK writes it unless told otherwise. */
export function testToken(
  registrationId: string,
  key: Uint8Array,
  options: {
    readonly sr?: string;
    readonly expiresInSeconds?: number;
    readonly skn?: string | undefined;
  } = {},
): string {
  const sr = options.sr ?? `${testScope}/registrations/${registrationId}`;
  const expirySeconds = Math.floor(Date.now() / 1000) + (options.expiresInSeconds ?? 3600);
  return formatSasToken({
    sr,
    signature: signSas(key, sr, expirySeconds),
    expirySeconds,
    skn: 'skn' in options ? options.skn : 'registration',
  });
}

/** EK and SRK as a TPM presents them (base64 of TPM2B_PUBLIC); nobody can open what is wrapped for them here. */
export function makeTpmKeys(): { readonly endorsementKey: string; readonly storageRootKey: string } {
  const policy = '837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa';
  const parameters = '00060080004300100800000000000100';
  return {
    endorsementKey: tpm2b(`0001000b000300b20020${policy}${parameters}`),
    storageRootKey: tpm2b(`0001000b000304720000${parameters}`),
  };
}

function tpm2b(header: string): string {
  const { n = '' } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  const area = concatBytes(fromHex(header), Buffer.from(n, 'base64url'));
  return toBase64(concatBytes(Uint8Array.of(area.length >> 8, area.length & 0xff), area));
}
