import type {
  SymmetricKeySecurityClient,
  TpmSecurityClient,
  X509SecurityClient,
} from 'azure-iot-provisioning-device/dist/interfaces.js';
import { systemClock } from '../../kernel/clock.ts';
import { InvariantError, toError } from '../../kernel/errors.ts';
import type { KeyEvidence } from '../../security/key-use.ts';
import { createSoftwareSymmetricKey } from '../../security/symmetric-key.ts';
import type { HubDevice } from '../../transport/hub-transport.ts';
import { REGISTRATION_KEY_NAME } from '../../wire/constants.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { DeviceCredentials } from '../device-spec.ts';
import { createHubToken } from '../hub-token.ts';
import { openSecurityModule, requireHost, type SecurityHosts } from '../open-security-module.ts';
import { createRegistrationToken } from '../registration-token.ts';

type SharedAccessSignature = Parameters<
  NonNullable<Parameters<SymmetricKeySecurityClient['createSharedAccessSignature']>[1]>
>[1] &
  object;

type SdkSecurityClient = SymmetricKeySecurityClient | X509SecurityClient | TpmSecurityClient;

/** A token, or the certificate and key of a TLS client. */
export type HubProof =
  | { readonly kind: 'sas'; readonly token: string }
  | { readonly kind: 'certificate'; readonly cert: string; readonly key: string };

/** Where the official SDK gets a device's proof of identity from. */
export interface SdkSecurity extends AsyncDisposable {
  /** The SDK's own security client, for one registration. */
  clientFor(recorder: AttemptRecorder, signal: AbortSignal): SdkSecurityClient;
  /** What the device shows to a hub; for a TPM after a registration. */
  proveToHub(device: HubDevice, signal: AbortSignal): Promise<HubProof>;
  /** Of a key that is in a token. */
  readonly evidence?: KeyEvidence | undefined;
  /** To be told of every completed handshake. */
  readonly onHandshake?: ((resumed: boolean) => void) | undefined;
}

/** Loads the SDK's package for the attestation, and opens what it works on. */
export async function openSdkSecurity(
  registrationId: string,
  credentials: DeviceCredentials,
  hosts: SecurityHosts,
  signal: AbortSignal,
): Promise<SdkSecurity> {
  switch (credentials.kind) {
    case 'symmetric-key': {
      const { SymmetricKeySecurityClient } = await import('azure-iot-security-symmetric-key');
      const client = new SymmetricKeySecurityClient(registrationId, credentials.key);
      // The package depends on a copy of azure-iot-common of its own: the same class, declared twice.
      const { sign } = createSoftwareSymmetricKey(credentials.key);
      return withoutResources(client as unknown as SdkSecurityClient, (device, stop) =>
        signedToken(device, (input) => sign(input, stop)),
      );
    }
    case 'x509': {
      const { X509Security } = await import('azure-iot-security-x509');
      const { certificateChainPem: cert, privateKeyPem: key } = credentials;
      return withoutResources(new X509Security(registrationId, { cert, key }), () =>
        Promise.resolve({ kind: 'certificate', cert, key }),
      );
    }
    case 'token-symmetric-key':
    case 'tpm-symmetric-key': {
      const module = await openSecurityModule(credentials, hosts, signal);
      if (module.attestation !== 'symmetric-key') throw new InvariantError('the module has another kind');
      return {
        clientFor: (_recorder, stop) => tokenKeyClient(registrationId, (input) => module.sign(input, stop)),
        proveToHub: (device, stop) => signedToken(device, (input) => module.sign(input, stop)),
        evidence: module.evidence,
        [Symbol.asyncDispose]: () => module[Symbol.asyncDispose](),
      };
    }
    case 'token-x509':
    case 'tpm-x509': {
      const { X509Security } = await import('azure-iot-security-x509');
      const module = await openSecurityModule(credentials, hosts, signal);
      if (module.attestation !== 'x509') throw new InvariantError('the module has another kind');
      const { cert, key, onHandshake } = module.tls;
      const client = new X509Security(registrationId, { cert, key });
      return {
        clientFor: () => client,
        proveToHub: () => Promise.resolve({ kind: 'certificate', cert, key }),
        evidence: module.evidence,
        onHandshake,
        [Symbol.asyncDispose]: () => module[Symbol.asyncDispose](),
      };
    }
    case 'tpm': {
      const { createAzureTpmSecurityClient } = await import('../../tpm/azure-tpm/security-client.ts');
      const tpm = await requireHost(hosts.tpms).open(credentials, signal);
      // The SDK's client knows the key that it has activated; another one would not.
      let newest: ReturnType<typeof createAzureTpmSecurityClient> | undefined;
      return {
        clientFor: (recorder) => {
          newest = createAzureTpmSecurityClient({
            registrationId,
            transport: {
              use: (flow, stop) => recorder.time('tpm', 'tpm.operation', () => tpm.use(flow, stop)),
            },
          });
          return newest;
        },
        proveToHub: (device) => {
          const client = newest;
          if (client === undefined)
            throw new InvariantError('a TPM has no key for a hub before it registered');
          return signedToken(device, (input) => signWithIdentity(client, input));
        },
        [Symbol.asyncDispose]: () => tpm[Symbol.asyncDispose](),
      };
    }
  }
}

const withoutResources = (client: SdkSecurityClient, proveToHub: SdkSecurity['proveToHub']): SdkSecurity => ({
  clientFor: () => client,
  proveToHub,
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

const signedToken = async (
  device: HubDevice,
  sign: (input: Uint8Array) => Promise<Uint8Array>,
): Promise<HubProof> => ({ kind: 'sas', token: await createHubToken(device, sign, systemClock) });

/** The callback form of the SDK's client as a promise. */
function signWithIdentity(client: TpmSecurityClient, input: Uint8Array): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  client.signWithIdentity(Buffer.from(input), (error, signature) => {
    if (signature === undefined) reject(error);
    else resolve(new Uint8Array(signature));
  });
  return promise;
}

/** The SDK's own client for symmetric keys wants the key itself; its interface asks for no more than a signed token. */
function tokenKeyClient(
  registrationId: string,
  sign: (input: Uint8Array) => Promise<Uint8Array>,
): SymmetricKeySecurityClient {
  return {
    getRegistrationId: (callback) => callback?.(undefined, registrationId),
    createSharedAccessSignature: (idScope, callback) => {
      const request = { idScope, registrationId, keyName: REGISTRATION_KEY_NAME, fault: undefined };
      createRegistrationToken(request, sign, systemClock).then(
        (token) => callback?.(undefined, asSharedAccessSignature(token)),
        (error: unknown) => callback?.(toError(error)),
      );
    },
  };
}

/** All that the SDK does with the object is to write it as text. */
const asSharedAccessSignature = (token: string): SharedAccessSignature =>
  ({ toString: () => token }) as SharedAccessSignature;
