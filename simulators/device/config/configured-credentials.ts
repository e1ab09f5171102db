import { toBase64 } from '../../kernel/bytes.ts';
import { InvariantError, UsageError } from '../../kernel/errors.ts';
import { createTokenHost, type TokenHost } from '../../pkcs11/token-host.ts';
import { formatPkcs11Uri, parsePkcs11Uri } from '../../pkcs11/uri.ts';
import { splitPemChain } from '../../pki/pem.ts';
import { createTestPki } from '../../pki/test-pki.ts';
import { registrationIdFromEk } from '../../tpm/templates.ts';
import type { TpmHost } from '../../tpm/tpm-host.ts';
import type { AttestationMechanism } from '../../wire/enrollment.ts';
import type { DeviceCredentials, KeyStoreKind } from '../device-spec.ts';
import { openConfiguredTpm } from './configured-tpm.ts';
import { commonNameOf, type DeviceFiles } from './device-files.ts';
import type { CertificateSource, Credential, EdgeConfig, KeySource } from './edge-config.ts';
import { decodeKeyText, looksLikeBase64Text } from './symmetric-key-text.ts';

/** What a device of a configuration proves itself with. */
export interface ConfiguredCredentials {
  readonly credentials: DeviceCredentials;
  readonly keyStore: KeyStoreKind;
  /** What the service has to know of it; undefined where only a token knows the key. */
  readonly attestation: AttestationMechanism | undefined;
  /** Where the configuration leaves it to the credential. */
  readonly registrationId: string | undefined;
  readonly tpms?: TpmHost;
  readonly tokens?: TokenHost;
  /** What was decided that is not in the configuration. */
  readonly remarks: readonly string[];
}

interface Opening {
  readonly config: EdgeConfig;
  readonly files: DeviceFiles;
  /** Name of the device where a certificate has to be issued. */
  readonly commonName: string | undefined;
  /** Takes what has to be closed in the end. */
  readonly resources: AsyncDisposableStack;
  readonly signal: AbortSignal;
}

/**
 * Reads the keys and certificates of a configuration, and opens the hardware that holds them.
 *
 * @throws ConfigError for files that cannot be read; EnvironmentError when the TPM cannot be had
 */
export async function openCredentials(
  credential: Credential,
  opening: Opening,
): Promise<ConfiguredCredentials> {
  switch (credential.kind) {
    case 'symmetric-key':
      return openSymmetricKey(credential.key, opening);
    case 'x509':
      return openX509(credential, opening);
    case 'tpm': {
      const tpm = opening.resources.use(await openConfiguredTpm(opening.config, opening.signal));
      return {
        credentials: tpm.credentials,
        keyStore: 'swtpm',
        attestation: { type: 'tpm', tpm: { endorsementKey: toBase64(tpm.endorsementKey) } },
        registrationId: registrationIdFromEk(tpm.endorsementKey),
        tpms: tpm.host,
        remarks: tpm.remarks,
      };
    }
  }
}

async function openSymmetricKey(
  source: KeySource,
  { config, files }: Opening,
): Promise<ConfiguredCredentials> {
  if (source.kind === 'pkcs11') {
    return {
      credentials: { kind: 'token-symmetric-key', keyUri: tokenUri(source.uri, 'secret-key', config) },
      keyStore: 'softhsm',
      attestation: undefined,
      registrationId: undefined,
      tokens: createTokenHost(),
      remarks: [],
    };
  }
  const key = source.kind === 'inline' ? source.key : await files.read(source.path);
  const meant = source.kind === 'file' && looksLikeBase64Text(key) ? meantKey(key) : undefined;
  const primaryKey = toBase64(meant ?? key);
  return {
    credentials: { kind: 'symmetric-key', key: toBase64(key) },
    keyStore: 'software',
    attestation: { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey: primaryKey } },
    registrationId: undefined,
    remarks:
      meant === undefined
        ? []
        : [
            'the enrollment has the key that the base64 text decodes to, as its writer meant; the device does not',
          ],
  };
}

const meantKey = (content: Uint8Array): Uint8Array | undefined =>
  decodeKeyText(Buffer.from(content).toString('latin1').trim());

async function openX509(
  { certificate, privateKey }: Extract<Credential, { kind: 'x509' }>,
  opening: Opening,
): Promise<ConfiguredCredentials> {
  if (certificate.kind === 'issued') return issue(certificate, opening);
  const { config, files } = opening;
  const certificateChainPem = new TextDecoder().decode(await files.read(certificate.path));
  const [leaf = ''] = splitPemChain(certificateChainPem);
  const known = {
    attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate: leaf } } } },
    registrationId: commonNameOf(certificateChainPem),
    remarks: [],
  } as const;
  if (privateKey?.kind === 'pkcs11') {
    const keyUri = tokenUri(privateKey.uri, 'private', config);
    const credentials = { kind: 'token-x509', certificateChainPem, keyUri } as const;
    return { ...known, credentials, keyStore: 'softhsm', tokens: createTokenHost() };
  }
  const path = privateKey?.kind === 'file' ? privateKey.path : '';
  const privateKeyPem = new TextDecoder().decode(await files.read(path));
  return {
    ...known,
    credentials: { kind: 'x509', certificateChainPem, privateKeyPem },
    keyStore: 'software',
  };
}

/** There is no EST server and no local CA here: a throw-away CA stands in, with RSA-2048 keys as keyd makes them. */
async function issue(
  { method }: Extract<CertificateSource, { kind: 'issued' }>,
  { commonName = '' }: Opening,
): Promise<ConfiguredCredentials> {
  const pki = await createTestPki({ name: 'dps-rig device' });
  const issuer = method === 'self_signed' ? 'self' : 'intermediate';
  const request = { commonName: commonName.slice(0, 64), issuer, keyAlgorithm: 'rsa-2048' } as const;
  const { chainPem, privateKeyPem } = await pki.issueDeviceCertificate(request);
  const [leaf = ''] = splitPemChain(chainPem);
  return {
    credentials: { kind: 'x509', certificateChainPem: chainPem, privateKeyPem },
    keyStore: 'software',
    attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate: leaf } } } },
    registrationId: commonName,
    remarks: [`the certificate is issued by a throw-away CA, in the place of method = "${method}"`],
  };
}

/** With what our token host wants to know beside what IoT Edge does: the module, and the kind of object. */
function tokenUri(text: string, type: 'private' | 'secret-key', { pkcs11 }: EdgeConfig): string {
  if (pkcs11 === undefined) throw new InvariantError('a key is in a token, and its module is not known');
  const { token, object, pinValue } = parsePkcs11Uri(text);
  if (token === undefined) {
    throw new UsageError(
      'the URI of a key names its token by slot-id, which means nothing on another machine',
      {
        hint: 'Name the token by its label: token=….',
      },
    );
  }
  const known = { token, type, modulePath: pkcs11.modulePath };
  return formatPkcs11Uri({
    ...known,
    ...(object === undefined ? {} : { object }),
    ...(pinValue === undefined ? {} : { pinValue }),
  });
}
