import { withoutPin } from './describe-config.ts';
import type { CertificateSource, Credential, EdgeConfig, KeySource } from './edge-config.ts';

/** What `config apply` writes for one of the services, as far as provisioning goes; secrets are locations here. */
export type GeneratedFiles = Readonly<
  Record<'identityd' | 'keyd' | 'certd' | 'tpmd', Record<string, unknown>>
>;

/** Id under which the device's own key and certificate are known to all services. */
const deviceId = 'device-id';
const inlineKeyFile = 'file:///var/secrets/aziot/keyd/device-id';

/**
 * The provisioning part of the `00-super.toml` files that `config apply` makes of a super-config.
 *
 * @returns undefined for 1.1, which has no such files
 * @see the reference of IoT Edge devices, chapter 1.10
 */
export function generatedFiles(config: EdgeConfig): GeneratedFiles | undefined {
  if (config.version === '1.1') return undefined;
  const { provisioning, parentHostName, pkcs11, tpm } = config;
  const credential = 'credential' in provisioning ? provisioning.credential : undefined;
  const key = credential === undefined ? undefined : deviceKey(credential);
  const preloaded = Object.entries(config.preloadedKeys).map(([id, source]) => [id, locationOf(source)]);
  return {
    identityd: {
      ...(config.hostName === undefined ? {} : { hostname: config.hostName }),
      provisioning: {
        ...(parentHostName === undefined ? {} : { local_gateway_hostname: parentHostName }),
        ...identityProvisioning(config),
      },
    },
    keyd: {
      ...(pkcs11 === undefined ? {} : { aziot_keys: tokenSettings(pkcs11) }),
      preloaded_keys: {
        ...Object.fromEntries(preloaded),
        ...(key === undefined ? {} : { [deviceId]: locationOf(key) }),
      },
    },
    certd: { preloaded_certs: certificateOf(credential) },
    tpmd: credential?.kind === 'tpm' ? { tcti: tpm.tcti, auth_key_index: tpm.authKeyIndex } : {},
  };
}

function identityProvisioning({ provisioning }: EdgeConfig): Record<string, unknown> {
  switch (provisioning.source) {
    case 'none':
    case 'external':
      return { source: provisioning.source };
    case 'manual':
      return {
        source: 'manual',
        iothub_hostname: provisioning.hubHostName,
        device_id: provisioning.deviceId,
        authentication:
          provisioning.credential.kind === 'x509'
            ? { method: 'x509', identity_cert: deviceId, identity_pk: deviceId }
            : { method: 'sas', device_id_pk: deviceId },
      };
    case 'dps':
      return {
        source: 'dps',
        global_endpoint: provisioning.globalEndpoint,
        scope_id: provisioning.idScope,
        ...(provisioning.payloadPath === undefined
          ? {}
          : { payload: { uri: `file://${provisioning.payloadPath}` } }),
        attestation: attestation(provisioning.credential, provisioning.registrationId),
      };
  }
}

function attestation(credential: Credential, registrationId: string | undefined): Record<string, unknown> {
  const id = registrationId === undefined ? {} : { registration_id: registrationId };
  switch (credential.kind) {
    case 'tpm':
      return { method: 'tpm', ...id };
    case 'symmetric-key':
      return { method: 'symmetric_key', ...id, symmetric_key: deviceId };
    case 'x509': {
      const { certificate } = credential;
      const renew = certificate.kind === 'issued' ? certificate.autoRenew : undefined;
      return {
        method: 'x509',
        ...id,
        identity_cert: deviceId,
        identity_pk: deviceId,
        ...(renew === undefined
          ? {}
          : {
              identity_auto_renew: {
                rotate_key: renew.rotateKey,
                threshold: renew.threshold,
                retry: renew.retry,
              },
            }),
      };
    }
  }
}

function deviceKey(credential: Credential): KeySource | undefined {
  if (credential.kind === 'tpm') return undefined;
  return credential.kind === 'x509' ? credential.privateKey : credential.key;
}

function locationOf(source: KeySource): string {
  switch (source.kind) {
    case 'inline':
      return inlineKeyFile;
    case 'file':
      return `file://${source.path}`;
    case 'pkcs11':
      return withoutPin(source.uri);
  }
}

const tokenSettings = ({
  modulePath,
  baseSlotUri,
}: NonNullable<EdgeConfig['pkcs11']>): Record<string, string> => ({
  pkcs11_lib_path: modulePath,
  ...(baseSlotUri === undefined ? {} : { pkcs11_base_slot: withoutPin(baseSlotUri) }),
});

function certificateOf(credential: Credential | undefined): Record<string, string> {
  const certificate: CertificateSource | undefined =
    credential?.kind === 'x509' ? credential.certificate : undefined;
  return certificate?.kind === 'file' ? { [deviceId]: `file://${certificate.path}` } : {};
}
