import type { CertificateSource, Credential, EdgeConfig, KeySource } from './edge-config.ts';

/** A configuration as data without secrets: for JSON, for golden files, for people. */
export function describeConfig(config: EdgeConfig): Record<string, unknown> {
  const { notices: _notices, tpm, pkcs11, preloadedKeys, provisioning, ...plain } = config;
  const keys = Object.entries(preloadedKeys).map(([id, source]) => [id, describeKey(source)]);
  return present({
    ...plain,
    provisioning:
      provisioning.source === 'manual' || provisioning.source === 'dps'
        ? present({ ...provisioning, credential: describeCredential(provisioning.credential) })
        : provisioning,
    tpm: present({
      ...tpm,
      endorsementAuth: tpm.endorsementAuth === undefined ? undefined : hidden,
      ownerAuth: tpm.ownerAuth === undefined ? undefined : hidden,
    }),
    pkcs11:
      pkcs11 === undefined
        ? undefined
        : present({ ...pkcs11, baseSlotUri: pkcs11.baseSlotUri && withoutPin(pkcs11.baseSlotUri) }),
    preloadedKeys: keys.length === 0 ? undefined : Object.fromEntries(keys),
  });
}

const hidden = '***';

/** A PKCS#11 URI without its PIN. */
export const withoutPin = (uri: string): string => uri.replace(/(pin-value=)[^&;?]*/g, `$1${hidden}`);

/** Where a key is, in a few words. */
export function keyText(source: KeySource): string {
  switch (source.kind) {
    case 'inline':
      return `in the configuration (${source.key.length} bytes)`;
    case 'file':
      return `in the file ${source.path}`;
    case 'pkcs11':
      return `in a token, ${withoutPin(source.uri)}`;
  }
}

function describeKey(source: KeySource): Record<string, unknown> {
  switch (source.kind) {
    case 'inline':
      return { kind: 'inline', bytes: source.key.length };
    case 'file':
      return { ...source };
    case 'pkcs11':
      return { kind: 'pkcs11', uri: withoutPin(source.uri) };
  }
}

function describeCredential(credential: Credential): Record<string, unknown> {
  switch (credential.kind) {
    case 'tpm':
      return { kind: 'tpm' };
    case 'symmetric-key':
      return { kind: 'symmetric-key', key: describeKey(credential.key) };
    case 'x509':
      return present({
        kind: 'x509',
        certificate: describeCertificate(credential.certificate),
        privateKey: credential.privateKey && describeKey(credential.privateKey),
      });
  }
}

const describeCertificate = (certificate: CertificateSource): Record<string, unknown> =>
  present({ ...certificate });

const present = (members: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
