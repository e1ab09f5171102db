import { createPublicKey, X509Certificate } from 'node:crypto';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { importSigningKey, type Signer, signCertificate } from './certificate.ts';
import { createCertificateRequest, verifyCertificateRequest } from './certificate-request.ts';
import { asSigningKey, type ExternalKey } from './external-key.ts';
import { createKeyPair, type KeyAlgorithm, keyIdentifier } from './key-pair.ts';
import { joinPemChain } from './pem.ts';

/** A throw-away CA as plain data: it can be sent to a worker thread or written to a file. The keys are secret. */
export interface PkiBundle {
  readonly rootPem: string;
  readonly rootKeyPem: string;
  readonly intermediatePem: string;
  readonly intermediateKeyPem: string;
}

/** A certificate for a key that is elsewhere. */
export interface CertifiedKey {
  readonly certificatePem: string;
  /** Leaf first, then intermediates; never the root. */
  readonly chainPem: string;
}

/** A certificate with its key. */
export interface IssuedCertificate extends CertifiedKey {
  /** PKCS#8. */
  readonly privateKeyPem: string;
}

export interface ServerCertificateRequest {
  /** DNS names; the first is the subject's CN. A leading `*.` is allowed. */
  readonly names: readonly string[];
  /** IP addresses, version 4 or 6. */
  readonly addresses?: readonly string[];
  readonly keyAlgorithm?: KeyAlgorithm;
}

export interface DeviceCertificateRequest {
  /** DPS wants the registrationId here. */
  readonly commonName: string;
  /** Default `intermediate`; `self` is a self-signed certificate, for individual enrollments by thumbprint. */
  readonly issuer?: 'intermediate' | 'root' | 'self';
  /** Default an hour ago: clocks differ. */
  readonly notBefore?: Date;
  /** Default in 90 days. */
  readonly notAfter?: Date;
  readonly keyAlgorithm?: KeyAlgorithm;
}

/** A throw-away certificate authority: a root and one intermediate, which signs. */
export interface TestPki {
  readonly bundle: PkiBundle;
  issueServerCertificate(request: ServerCertificateRequest): Promise<IssuedCertificate>;
  issueDeviceCertificate(request: DeviceCertificateRequest): Promise<IssuedCertificate>;
  /** For a key that is elsewhere: it signs a request (PKCS #10) first, or with issuer `self` the certificate. */
  certifyDeviceKey(
    key: ExternalKey,
    request: Omit<DeviceCertificateRequest, 'keyAlgorithm'>,
  ): Promise<CertifiedKey>;
}

export interface TestPkiOptions {
  /** Goes into the CAs' names, so that two of them can be told apart. Default `dps-rig`. */
  readonly name?: string;
  readonly keyAlgorithm?: KeyAlgorithm;
  readonly clock?: Clock;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LEAF_LIFE_MS = 90 * DAY_MS;
const CA_LIFE_MS = 3650 * DAY_MS;

/** Makes a new root and intermediate, with new keys. */
export async function createTestPki(options: TestPkiOptions = {}): Promise<TestPki> {
  const { name = 'dps-rig', keyAlgorithm = 'ec-p256', clock = systemClock } = options;
  const [rootKeys, intermediateKeys] = await Promise.all([
    createKeyPair(keyAlgorithm),
    createKeyPair(keyAlgorithm),
  ]);
  const root: Signer = {
    commonName: `${name} test root`,
    keyIdentifier: keyIdentifier(rootKeys.subjectPublicKeyInfo),
    key: await importSigningKey(rootKeys.privateKeyPem),
  };
  const life = lifeFromNow(clock, CA_LIFE_MS);
  const caCertificate = (
    commonName: string,
    subjectPublicKeyInfo: Uint8Array,
    pathLength: number,
  ): Promise<string> =>
    signCertificate({ ...life, commonName, subjectPublicKeyInfo, profile: { kind: 'ca', pathLength } }, root);
  const bundle = {
    rootPem: await caCertificate(root.commonName, rootKeys.subjectPublicKeyInfo, 1),
    rootKeyPem: rootKeys.privateKeyPem,
    intermediatePem: await caCertificate(
      `${name} test intermediate`,
      intermediateKeys.subjectPublicKeyInfo,
      0,
    ),
    intermediateKeyPem: intermediateKeys.privateKeyPem,
  };
  return openTestPki(bundle, clock);
}

/** Goes on with an authority that {@link createTestPki} made, for example in another thread. */
export async function openTestPki(bundle: PkiBundle, clock: Clock = systemClock): Promise<TestPki> {
  const root = await signerOf(bundle.rootPem, bundle.rootKeyPem);
  const intermediate = await signerOf(bundle.intermediatePem, bundle.intermediateKeyPem);
  const certify = (
    subjectPublicKeyInfo: Uint8Array,
    request: DeviceCertificateRequest,
    self: () => Promise<Signer>,
  ): Promise<CertifiedKey> =>
    certifyDevice({
      subjectPublicKeyInfo,
      request,
      self,
      authorities: { root, intermediate },
      bundle,
      clock,
    });
  return {
    bundle,
    issueServerCertificate: (request) => issueServerCertificate(request, intermediate, bundle, clock),
    issueDeviceCertificate: async (request) => {
      const { privateKeyPem, subjectPublicKeyInfo } = await createKeyPair(request.keyAlgorithm ?? 'ec-p256');
      const self = (): Promise<Signer> => selfSigner(request.commonName, privateKeyPem);
      return { ...(await certify(subjectPublicKeyInfo, request, self)), privateKeyPem };
    },
    certifyDeviceKey: async (key, request) => {
      const { commonName, issuer = 'intermediate' } = request;
      const self = (): Promise<Signer> => Promise.resolve(externalSigner(commonName, key));
      if (issuer === 'self') return certify(key.subjectPublicKeyInfo, request, self);
      const asked = await verifyCertificateRequest(await createCertificateRequest(commonName, key));
      return certify(asked.subjectPublicKeyInfo, { ...request, commonName: asked.commonName }, self);
    },
  };
}

async function issueServerCertificate(
  request: ServerCertificateRequest,
  signer: Signer,
  bundle: PkiBundle,
  clock: Clock,
): Promise<IssuedCertificate> {
  const { names, addresses = [], keyAlgorithm = 'ec-p256' } = request;
  const keys = await createKeyPair(keyAlgorithm);
  const certificatePem = await signCertificate(
    {
      commonName: names[0] ?? addresses[0] ?? 'localhost',
      subjectPublicKeyInfo: keys.subjectPublicKeyInfo,
      profile: { kind: 'server', names, addresses },
      ...lifeFromNow(clock, LEAF_LIFE_MS),
    },
    signer,
  );
  const chainPem = joinPemChain([certificatePem, bundle.intermediatePem]);
  return { certificatePem, chainPem, privateKeyPem: keys.privateKeyPem };
}

interface Certification {
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly request: DeviceCertificateRequest;
  /** The device's own key as a signer. */
  readonly self: () => Promise<Signer>;
  readonly authorities: { readonly root: Signer; readonly intermediate: Signer };
  readonly bundle: PkiBundle;
  readonly clock: Clock;
}

async function certifyDevice(certification: Certification): Promise<CertifiedKey> {
  const { subjectPublicKeyInfo, request, self, authorities, bundle, clock } = certification;
  const { commonName, issuer = 'intermediate' } = request;
  const life = lifeFromNow(clock, LEAF_LIFE_MS);
  const certificatePem = await signCertificate(
    {
      commonName,
      subjectPublicKeyInfo,
      profile: { kind: 'client' },
      notBefore: request.notBefore ?? life.notBefore,
      notAfter: request.notAfter ?? life.notAfter,
    },
    issuer === 'self' ? await self() : authorities[issuer],
  );
  const above = issuer === 'intermediate' ? [bundle.intermediatePem] : [];
  return { certificatePem, chainPem: joinPemChain([certificatePem, ...above]) };
}

async function signerOf(certificatePem: string, privateKeyPem: string): Promise<Signer> {
  const { subject } = new X509Certificate(certificatePem);
  return selfSigner(subject.replace(/^CN=/, ''), privateKeyPem);
}

async function selfSigner(commonName: string, privateKeyPem: string): Promise<Signer> {
  const subjectPublicKeyInfo = createPublicKey(privateKeyPem).export({ type: 'spki', format: 'der' });
  return {
    commonName,
    keyIdentifier: keyIdentifier(subjectPublicKeyInfo),
    key: await importSigningKey(privateKeyPem),
  };
}

const externalSigner = (commonName: string, key: ExternalKey): Signer => ({
  commonName,
  keyIdentifier: keyIdentifier(key.subjectPublicKeyInfo),
  key: asSigningKey(key),
});

function lifeFromNow(clock: Clock, lifeMs: number): { notBefore: Date; notAfter: Date } {
  const nowMs = clock.nowMs();
  return { notBefore: new Date(nowMs - HOUR_MS), notAfter: new Date(nowMs + lifeMs) };
}
