import { once } from 'node:events';
import { connect } from 'node:net';
import type { TpmStateFault } from '../faults/device-fault.ts';
import { ByteWriter, utf8 } from '../kernel/bytes.ts';
import { abortError } from '../kernel/deadline.ts';
import { TpmResponseError, TransportError, toError } from '../kernel/errors.ts';
import { type IdentityKeySlot, provisionTpm, readIdentity } from '../tpm/attestation.ts';
import { commands } from '../tpm/codec/commands.ts';
import { TPM_ALG, TPM_RH, TPM_SE } from '../tpm/codec/constants.ts';
import { encodePublicArea } from '../tpm/codec/public-area.ts';
import { decorate } from '../tpm/decorators/decorate.ts';
import { withFaults } from '../tpm/decorators/faults.ts';
import { persistentHandles, templates } from '../tpm/templates.ts';
import { createTpmClient, type TpmClient, withTransientObject } from '../tpm/tpm-client.ts';
import type { TpmHost } from '../tpm/tpm-host.ts';
import type { TpmTransport } from '../tpm/transport.ts';

/** Opens TPMs as a device finds them to which this has happened. It happens to the real TPM, where one can be brought there. */
export function withTpmState(host: TpmHost, fault: TpmStateFault): TpmHost {
  const {
    once,
    eachFlow,
    around = (transport) => transport,
    rereads = false,
    reach,
    slot,
  }: TpmState = states[fault];
  return {
    mode: host.mode,
    open: async (tpm, signal) => {
      await reach?.();
      const hosted = await host.open(tpm, signal);
      try {
        const identity = await hosted.use(async (transport) => {
          const client = createTpmClient(transport);
          await once?.(client);
          return rereads ? readIdentity(client, signal) : undefined;
        }, signal);
        return {
          ...(identity === undefined ? {} : { identity }),
          ...(slot === undefined ? {} : { slot }),
          use: (flow, flowSignal) =>
            hosted.use(async (transport) => {
              await eachFlow?.(createTpmClient(transport), transport);
              return flow(around(transport));
            }, flowSignal),
          [Symbol.asyncDispose]: () => hosted[Symbol.asyncDispose](),
        };
      } catch (error) {
        await hosted[Symbol.asyncDispose]();
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

interface TpmState {
  /** Done to the TPM before the device has it. */
  readonly once?: (client: TpmClient) => Promise<unknown>;
  /** What is not in its state: sessions and objects that somebody else has left, the power. */
  readonly eachFlow?: (client: TpmClient, transport: TpmTransport) => Promise<unknown>;
  /** Only where no TPM can be brought into the state. */
  readonly around?: (transport: TpmTransport) => TpmTransport;
  /** The device reads EK and SRK at each start instead of knowing them. */
  readonly rereads?: boolean;
  readonly slot?: IdentityKeySlot;
  /** The way to it that the device goes first; throws where there is none. */
  readonly reach?: () => Promise<void>;
}

const TAKEN_HANDLE = 0x81001000;
const ACTIVATE_CREDENTIAL = commands.ActivateCredential.code;
/** TPM_RC_SIZE + TPM_RC_P + TPM_RC_1: "structure is the wrong size". */
const SIZE_OF_PARAMETER_1 = 0x1d5;
/** TPM_E_COMMAND_BLOCKED of Windows' TPM Base Services. */
const COMMAND_BLOCKED = 0x80280400;
/** 0x101. */
const TPM_RC_FAILURE = 0x101;
/** Where the TCG profile keeps the EK for NIST P-384 (template H-3). */
const OTHER_PROFILE_HANDLE = 0x81010016;
/** tcpmux: nobody listens there. */
const UNUSED_PORT = 1;

const states: Readonly<Record<TpmStateFault, TpmState>> = {
  'new-endorsement-seed': {
    // The old EK goes with its seed.
    once: async (client) => {
      await client.execute(commands.ChangeEPS, { authHandle: TPM_RH.PLATFORM });
      await keepEndorsementKey(client, templates.endorsementKey);
    },
    rereads: true,
  },
  'ek-of-other-template': {
    once: async (client) => {
      await evict(client, persistentHandles.endorsementKey);
      await keepEndorsementKey(client, templates.endorsementKeyEmptyUnique);
    },
    rereads: true,
  },
  'srk-missing': { once: (client) => evict(client, persistentHandles.storageRootKey) },
  'srk-of-firmware': {
    once: async (client) => {
      const { storageRootKey } = persistentHandles;
      await evict(client, storageRootKey);
      await keep(client, TPM_RH.OWNER, {
        template: templates.storageRootKeyZeroUnique,
        handle: storageRootKey,
      });
    },
  },
  'provisioned-again': { once: (client) => provisionTpm(client) },
  'identity-handle-taken': {
    once: (client) =>
      keep(client, TPM_RH.OWNER, { template: templates.storageRootKeyEcc, handle: TAKEN_HANDLE }),
    slot: { handle: TAKEN_HANDLE, clearedFirst: false, neverCleared: true },
  },
  'usual-handle-taken': {
    once: (client) =>
      keep(client, TPM_RH.OWNER, {
        template: templates.storageRootKeyEcc,
        handle: persistentHandles.identityKey,
      }),
    slot: { handle: persistentHandles.identityKey, clearedFirst: false, neverCleared: true },
  },
  'owner-password': { once: (client) => setPassword(client, TPM_RH.OWNER) },
  'endorsement-password': { once: (client) => setPassword(client, TPM_RH.ENDORSEMENT) },
  'sessions-full': {
    eachFlow: (client) =>
      untilRefused('TPM_RC_SESSION_MEMORY', () => client.execute(commands.StartAuthSession, policySession())),
  },
  'objects-full': {
    eachFlow: (client) =>
      untilRefused('TPM_RC_OBJECT_MEMORY', () =>
        client.execute(commands.CreatePrimary, {
          primaryHandle: TPM_RH.OWNER,
          inPublic: encodePublicArea(templates.storageRootKeyEcc),
        }),
      ),
  },
  'not-started': { eachFlow: async (_client, transport) => transport.power?.('cycle') },
  hangs: {
    around: (transport) => decorate(transport, { send: (_command, signal) => untilAborted(signal) }),
  },
  'command-blocked': {
    around: (transport) =>
      withFaults(transport, (code) =>
        code === ACTIVATE_CREDENTIAL ? { kind: 'response-code', responseCode: COMMAND_BLOCKED } : undefined,
      ),
  },
  'strict-sizes': {
    around: (transport) =>
      withFaults(transport, (code) =>
        code === commands.HMAC.code
          ? { kind: 'response-code', responseCode: SIZE_OF_PARAMETER_1 }
          : undefined,
      ),
  },
  'signing-ek': {
    around: (transport) =>
      withFaults(transport, (code) =>
        code === ACTIVATE_CREDENTIAL ? { kind: 'response-code', responseCode: TPM_RC_FAILURE } : undefined,
      ),
  },
  'ek-of-other-profile': { around: (transport) => withHandle(transport, OTHER_PROFILE_HANDLE) },
  'socket-gone': { reach: () => reach({ path: '/nonexistent/dps-rig/swtpm.sock' }) },
  'other-address-family': { reach: () => reach({ host: '::1', port: UNUSED_PORT }) },
  'cut-response': {
    around: (transport) =>
      withFaults(transport, (code) =>
        code === ACTIVATE_CREDENTIAL ? { kind: 'truncated-response', length: 14 } : undefined,
      ),
  },
};

type Template = Parameters<typeof encodePublicArea>[0];

const keepEndorsementKey = (client: TpmClient, template: Template): Promise<void> =>
  keep(client, TPM_RH.ENDORSEMENT, { template, handle: persistentHandles.endorsementKey });

const keep = (
  client: TpmClient,
  primaryHandle: number,
  { template, handle }: { readonly template: Template; readonly handle: number },
): Promise<void> =>
  withTransientObject(
    client,
    { command: commands.CreatePrimary, request: { primaryHandle, inPublic: encodePublicArea(template) } },
    async ({ objectHandle }) => {
      const request = { auth: TPM_RH.OWNER, objectHandle, persistentHandle: handle };
      await client.execute(commands.EvictControl, request);
    },
  );

const evict = (client: TpmClient, handle: number): Promise<unknown> =>
  client.execute(commands.EvictControl, {
    auth: TPM_RH.OWNER,
    objectHandle: handle,
    persistentHandle: handle,
  });

const setPassword = (client: TpmClient, authHandle: number): Promise<unknown> =>
  client.execute(commands.HierarchyChangeAuth, { authHandle, newAuth: utf8('somebody else’s') });

const policySession = () => ({
  tpmKey: TPM_RH.NULL,
  bind: TPM_RH.NULL,
  nonceCaller: new ByteWriter().u32(0).u32(0).u32(0).u32(0).finish(),
  sessionType: TPM_SE.POLICY,
  authHash: TPM_ALG.SHA256,
});

/** Leaks until there is no room. */
async function untilRefused(name: string, leak: () => Promise<unknown>): Promise<void> {
  try {
    for (;;) await leak();
  } catch (error) {
    if (!(error instanceof TpmResponseError) || error.code !== name) throw error;
  }
}

const untilAborted = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal === undefined) return;
    if (signal.aborted) reject(abortError(signal));
    else signal.addEventListener('abort', () => reject(abortError(signal)), { once: true });
  });

/** ActivateCredential with another handle in place of the EK's: the second of its two handles, after the header of ten bytes. */
function withHandle(transport: TpmTransport, handle: number): TpmTransport {
  return decorate(transport, {
    send: (command, signal) => {
      const view = new DataView(command.buffer, command.byteOffset, command.byteLength);
      if (view.getUint32(6) !== ACTIVATE_CREDENTIAL) return transport.send(command, signal);
      const changed = Uint8Array.from(command);
      new DataView(changed.buffer).setUint32(14, handle);
      return transport.send(changed, signal);
    },
  });
}

/** @throws TransportError in the words of whoever cannot get there */
async function reach(
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  const socket = connect(where);
  try {
    await once(socket, 'connect');
  } catch (cause) {
    throw new TransportError('connect', 'TPM_UNREACHABLE', toError(cause).message, {
      cause,
      hint: 'Ask the TPM for something before you rely on it: that its daemon was started says nothing.',
    });
  } finally {
    socket.destroy();
  }
}
