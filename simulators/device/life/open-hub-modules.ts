import type { SecurityModule } from '../../security/security-module.ts';
import { createHubModules, type HubModules } from '../../transport/hub-modules.ts';
import { hubEndpoint } from '../../transport/hub-transport.ts';
import type { ClientSetup } from '../clients/provisioning-client.ts';
import type { EdgeProfile } from '../platforms/edge-profile.ts';
import type { ProvisionedDevice } from './daemon-layout.ts';
import { daemonHubToken } from './hub-proof.ts';

/**
 * A daemon's connection to the modules of its device, with the same kind of proof as before DPS: the device's key, its
 * certificate, or the key that DPS gave to its TPM.
 *
 * @param security stays the caller's
 */
export function openHubModules(
  { endpoint, clock }: Pick<ClientSetup, 'endpoint' | 'clock'>,
  security: SecurityModule,
  profile: EdgeProfile,
  device: ProvisionedDevice,
): HubModules {
  const tls = security.attestation === 'x509' ? security.tls : undefined;
  return createHubModules(hubEndpoint(endpoint, device.hub), {
    ...{ deviceId: device.deviceId, apiVersion: profile.hubApiVersion, tls },
    prove: async (signal) => {
      if (security.attestation === 'x509') return { kind: 'none' };
      const token = await daemonHubToken(profile, device, (input) => security.sign(input, signal), clock);
      return { kind: 'sas', token };
    },
  });
}
