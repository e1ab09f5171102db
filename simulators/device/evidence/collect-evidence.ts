import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { fromBase64, toHex } from '../../kernel/bytes.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { startDeadline } from '../../kernel/deadline.ts';
import { serializeError } from '../../kernel/errors.ts';
import { readTokenCondition } from '../../pkcs11/token-condition.ts';
import { parsePkcs11Uri } from '../../pkcs11/uri.ts';
import { splitPemChain } from '../../pki/pem.ts';
import { readTpmCondition } from '../../tpm/tpm-condition.ts';
import type { TpmHost } from '../../tpm/tpm-host.ts';
import type { DpsEndpoint } from '../../transport/provisioning-transport.ts';
import { hmacSha256 } from '../../wire/hmac-sha256.ts';
import { parseSasToken, sasSigningInput } from '../../wire/sas-token.ts';
import type { WaitingFor } from '../attempt-recorder.ts';
import type { DeviceCredentials } from '../device-spec.ts';
import type {
  CertificateEvidence,
  ChainEvidence,
  DeviceEvidence,
  KeyEvidenceOfDevice,
  RootEvidence,
  SasEvidence,
  SignedForm,
  TpmEvidence,
} from './device-evidence.ts';

/** What a device sent to DPS to prove itself; its client writes it down. Secret while the token lives. */
export interface SentProof {
  sasToken?: string;
  /** TPM2B_PUBLIC. */
  endorsementKey?: Uint8Array;
}

/** What evidence is taken from, once the device's client is closed. */
export interface EvidenceSources {
  /** As the device named itself. */
  readonly registrationId: string;
  readonly credentials: DeviceCredentials;
  /** As the device knew the service. */
  readonly endpoint: DpsEndpoint;
  /** The device's. */
  readonly clock: Clock;
  /** Without anything that a fault puts in between: what is in the TPM itself. */
  readonly tpms: TpmHost | undefined;
  readonly sent: SentProof;
  readonly waitingFor: WaitingFor | undefined;
  /** Whether the service refused who the device is: then it matters which EKs its TPM could show. */
  readonly identityRefused: boolean;
  /** Whether its token took the PIN and had no such key: then it matters which it has. */
  readonly keyRefused: boolean;
}

/** A TPM that answers no question in this time counts as silent. */
const TPM_DEADLINE_MS = 20_000;

/** Looks at a device that has failed. Nothing secret is in the answer. */
export async function collectEvidence(
  sources: EvidenceSources,
  signal: AbortSignal,
): Promise<DeviceEvidence> {
  const { registrationId, credentials, endpoint, clock, sent, waitingFor } = sources;
  const { sasToken } = sent;
  const key = keyBytes(credentials);
  return {
    registrationId,
    idScope: endpoint.idScope,
    clock: { deviceMs: clock.nowMs(), machineMs: systemClock.nowMs() },
    ...(endpoint.caPem === undefined ? {} : { trustedRoots: splitPemChain(endpoint.caPem).map(rootOf) }),
    ...(waitingFor === undefined ? {} : { waitingFor }),
    ...(credentials.kind === 'symmetric-key' ? { key: keyEvidence(credentials.key) } : {}),
    ...(sasToken === undefined ? {} : { sas: sasEvidence(sasToken, key) }),
    ...('certificateChainPem' in credentials ? { chain: chainEvidence(credentials) } : {}),
    ...('tpmId' in credentials ? { tpm: await tpmEvidence(credentials, sources, signal) } : {}),
    ...('keyUri' in credentials ? tokenEvidence(credentials.keyUri, sources) : {}),
  };
}

const sha256Hex = (bytes: Uint8Array): string => toHex(createHash('sha256').update(bytes).digest());

const rootOf = (pem: string): RootEvidence => {
  const certificate = new X509Certificate(pem);
  return { subject: oneLine(certificate.subject), thumbprint: sha256Hex(certificate.raw) };
};

/** Node takes base64 with and without padding. */
const keyBytes = (credentials: DeviceCredentials): Uint8Array | undefined =>
  credentials.kind === 'symmetric-key' ? Buffer.from(credentials.key, 'base64') : undefined;

function keyEvidence(text: string): KeyEvidenceOfDevice {
  const bytes = Buffer.from(text, 'base64');
  const padding = bytes.toString('base64') === text ? 'as-needed' : 'missing';
  return { bytes: bytes.length, digest: sha256Hex(bytes), padding };
}

/** The forms in which clients are known to sign. */
const signedForms: Readonly<Record<SignedForm, (sr: string, se: number) => string>> = {
  documented: sasSigningInput,
  'without-line-feed': (sr, se) => `${sr}${se}`,
  'sr-not-encoded': (sr, se) => sasSigningInput(decodeURIComponent(sr), se),
};

function sasEvidence(text: string, key: Uint8Array | undefined): SasEvidence {
  const { sr, se, sig } = parseSasToken(text);
  if (key === undefined) return { sr, se, signed: 'unknown' };
  const found = (Object.keys(signedForms) as SignedForm[]).find((form) =>
    Buffer.from(hmacSha256(key, signedForms[form](sr, se))).equals(Buffer.from(sig, 'base64')),
  );
  return { sr, se, signed: found ?? 'not-by-this-key' };
}

function chainEvidence(
  credentials: Extract<DeviceCredentials, { certificateChainPem: string }>,
): ChainEvidence {
  const parsed = splitPemChain(credentials.certificateChainPem).map((pem) => new X509Certificate(pem));
  const certificates = parsed.map(certificateEvidence);
  const [leaf] = parsed;
  if (leaf === undefined || credentials.kind !== 'x509') return { certificates };
  return {
    certificates,
    certifiesOwnKey: leaf.checkPrivateKey(createPrivateKey(credentials.privateKeyPem)),
  };
}

const certificateEvidence = (certificate: X509Certificate): CertificateEvidence => ({
  subject: oneLine(certificate.subject),
  commonName: /(?:^|\n)CN=(.*)/.exec(certificate.subject)?.[1] ?? null,
  issuer: oneLine(certificate.issuer),
  selfSigned: certificate.subject === certificate.issuer,
  notBeforeMs: certificate.validFromDate.getTime(),
  notAfterMs: certificate.validToDate.getTime(),
  thumbprint: sha256Hex(certificate.raw),
});

async function tpmEvidence(
  credentials: Extract<DeviceCredentials, { tpmId: string }>,
  { tpms, identityRefused, sent, waitingFor }: EvidenceSources,
  signal: AbortSignal,
): Promise<TpmEvidence> {
  const known =
    credentials.kind === 'tpm'
      ? {
          endorsementKeyOnRecord: sha256Hex(fromBase64(credentials.endorsementKey)),
          storageRootKeyOnRecord: sha256Hex(fromBase64(credentials.storageRootKey)),
          ...(sent.endorsementKey === undefined
            ? {}
            : {
                presentedEndorsementKey: sha256Hex(sent.endorsementKey),
                presentedBytes: sent.endorsementKey.length,
              }),
        }
      : {};
  // It would not answer us either.
  if (waitingFor?.phase === 'tpm') return { ...known, condition: { kind: 'silent', code: 'TIMEOUT' } };
  if (tpms === undefined) return { ...known, condition: { kind: 'silent', code: 'NO_TPM' } };
  using deadline = startDeadline(TPM_DEADLINE_MS, signal, 'looking at the TPM');
  try {
    await using tpm = await tpms.open(credentials, deadline.signal);
    const options = {
      derivesKeys: identityRefused && credentials.kind === 'tpm',
      signal: deadline.signal,
    };
    const condition = await tpm.use((transport) => readTpmCondition(transport, options), deadline.signal);
    return { ...known, condition };
  } catch (thrown) {
    return { ...known, condition: { kind: 'silent', code: serializeError(thrown).code } };
  }
}

function tokenEvidence(
  uri: string,
  { keyRefused, waitingFor }: EvidenceSources,
): Pick<DeviceEvidence, 'tokenUri' | 'token'> {
  const tokenUri = uriWithoutPin(uri);
  // A module that hangs would hang this thread too.
  if (waitingFor?.phase === 'hsm') return { tokenUri };
  return { tokenUri, token: readTokenCondition(uri, { listsKeys: keyRefused }) };
}

function uriWithoutPin(uri: string): Readonly<Record<string, string>> {
  const { pinValue: _value, pinSource: _source, ...rest } = parsePkcs11Uri(uri);
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)]));
}

/** node:crypto prints one attribute a line. */
const oneLine = (name: string): string => name.replaceAll('\n', ', ');
