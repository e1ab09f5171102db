import type {
  SymmetricKeySecurityClient,
  TpmSecurityClient,
  X509SecurityClient,
} from 'azure-iot-provisioning-device/dist/interfaces.js';
import { EnvironmentError } from '../../kernel/errors.ts';
import type { TpmHost } from '../../tpm/tpm-host.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { DeviceCredentials } from '../device-spec.ts';

export type SdkSecurityClient = SymmetricKeySecurityClient | X509SecurityClient | TpmSecurityClient;

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
      return withoutResources(new SymmetricKeySecurityClient(registrationId, credentials.key));
    }
    case 'x509': {
      const { X509Security } = await import('azure-iot-security-x509');
      const { certificateChainPem: cert, privateKeyPem: key } = credentials;
      return withoutResources(new X509Security(registrationId, { cert, key }));
    }
    case 'tpm':
      void tpms;
      void signal;
      throw new EnvironmentError('tpm', 'not yet');
  }
}

const withoutResources = (client: SdkSecurityClient): SdkSecurity => ({
  clientFor: () => client,
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
