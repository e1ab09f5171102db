import type {
  SymmetricKeySecurityClient,
  TpmSecurityClient,
  X509SecurityClient,
} from 'azure-iot-provisioning-device/dist/interfaces.js';
import type { TpmHost } from '../../tpm/tpm-host.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { DeviceCredentials } from '../device-spec.ts';
import { requireHost } from '../open-security-module.ts';

type SdkSecurityClient = SymmetricKeySecurityClient | X509SecurityClient | TpmSecurityClient;

/** Where the official SDK gets a device's proof of identity from. */
export interface SdkSecurity extends AsyncDisposable {
  /** The SDK's own security client, for one registration. */
  clientFor(recorder: AttemptRecorder, signal: AbortSignal): SdkSecurityClient;
}

/** Loads the SDK's package for the attestation, and opens what it works on. */
export async function openSdkSecurity(
  registrationId: string,
  credentials: DeviceCredentials,
  tpms: TpmHost | undefined,
  signal: AbortSignal,
): Promise<SdkSecurity> {
  switch (credentials.kind) {
    case 'symmetric-key': {
      const { SymmetricKeySecurityClient } = await import('azure-iot-security-symmetric-key');
      const client = new SymmetricKeySecurityClient(registrationId, credentials.key);
      // The package depends on a copy of azure-iot-common of its own: the same class, declared twice.
      return withoutResources(client as unknown as SdkSecurityClient);
    }
    case 'x509': {
      const { X509Security } = await import('azure-iot-security-x509');
      const { certificateChainPem: cert, privateKeyPem: key } = credentials;
      return withoutResources(new X509Security(registrationId, { cert, key }));
    }
    case 'tpm': {
      const { createAzureTpmSecurityClient } = await import('../../tpm/azure-tpm/security-client.ts');
      const tpm = await requireHost(tpms).open(credentials, signal);
      return {
        clientFor: (recorder) =>
          createAzureTpmSecurityClient({
            registrationId,
            transport: {
              use: (flow, stop) => recorder.time('tpm', 'tpm.operation', () => tpm.use(flow, stop)),
            },
          }),
        [Symbol.asyncDispose]: () => tpm[Symbol.asyncDispose](),
      };
    }
  }
}

const withoutResources = (client: SdkSecurityClient): SdkSecurity => ({
  clientFor: () => client,
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
