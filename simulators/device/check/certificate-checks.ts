import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { toError } from '../../kernel/errors.ts';
import { splitPemChain } from '../../pki/pem.ts';
import { type CheckContext, type CheckResult, failed, gather, ignored, type NamedFile, ok } from './check.ts';

const WEEK_MS = 7 * 86_400_000;

/** `identity-certificate-expiry`: the identity certificate is valid, and for longer than a week. */
export async function checkCertificateExpiry({ subject, clock }: CheckContext): Promise<CheckResult> {
  const [identity] = subject.certificates;
  if (identity === undefined) return ignored;
  const read = await readCertificate(identity);
  if (typeof read === 'string') return failed(read);
  const { validFromDate, validToDate } = read;
  const nowMs = clock.nowMs();
  const name = `The certificate ${identity.id}`;
  if (validFromDate.getTime() > nowMs) {
    return failed(`${name} has not-before time ${validFromDate.toISOString()} which is in the future`);
  }
  if (validToDate.getTime() < nowMs) return failed(`${name} expired at ${validToDate.toISOString()}`);
  const warnings =
    validToDate.getTime() - nowMs < WEEK_MS
      ? [`${name} will expire soon, at ${validToDate.toISOString()}`]
      : [];
  return gather([], warnings);
}

/** `certs-preloaded` and `certs-read`: every certificate file has a certificate. */
export async function checkCertificatesRead({ subject }: CheckContext): Promise<CheckResult> {
  if (subject.certificates.length === 0) return ignored;
  const read = await Promise.all(subject.certificates.map(readCertificate));
  return gather(
    read.filter((one) => typeof one === 'string'),
    [],
  );
}

/** `key-pairs-read`: every private key file has a key, and one that is good enough. */
export async function checkKeyPairsRead({ subject }: CheckContext): Promise<CheckResult> {
  const { privateKeys, keysElsewhere } = subject;
  if (privateKeys.length === 0) {
    if (keysElsewhere.length === 0) return ignored;
    return { kind: 'skipped', reason: `${keysElsewhere.join(', ')}: in a token, where it is not read` };
  }
  const read = await Promise.all(privateKeys.map(async (file) => ({ file, key: await readKey(file) })));
  return gather(
    read.flatMap(({ key }) => (typeof key === 'string' ? [key] : [])),
    read.flatMap(({ file, key }) => (typeof key === 'string' ? [] : weaknessOf(key, file))),
  );
}

/** `certs-match-private-keys`. */
export async function checkCertificatesMatch({ subject }: CheckContext): Promise<CheckResult> {
  const { certificates, privateKeys, pairs } = subject;
  const failures: string[] = [];
  let compared = 0;
  for (const { certificate: certificateId, privateKey: keyId } of pairs) {
    const certificateFile = certificates.find(({ id }) => id === certificateId);
    const keyFile = privateKeys.find(({ id }) => id === keyId);
    if (certificateFile === undefined || keyFile === undefined) continue;
    const certificate = await readCertificate(certificateFile);
    const key = await readKey(keyFile);
    if (typeof certificate === 'string' || typeof key === 'string') continue; // told by who reads them
    compared += 1;
    if (certificate.checkPrivateKey(key)) continue;
    failures.push(
      `preloaded cert with ID "${certificateId}" does not match preloaded private key with ID "${keyId}"`,
    );
  }
  return compared === 0 ? ignored : failures.length === 0 ? ok : failed(...failures);
}

/** The leaf of a PEM file, or what is wrong. */
async function readCertificate({ id, path }: NamedFile): Promise<X509Certificate | string> {
  try {
    const [leaf = ''] = splitPemChain(await readFile(path, 'utf8'));
    return new X509Certificate(leaf);
  } catch (thrown) {
    return `Could not read certificate ${id} from ${path}: ${toError(thrown).message}`;
  }
}

async function readKey({ id, path }: NamedFile): Promise<KeyObject | string> {
  try {
    return createPrivateKey(await readFile(path));
  } catch (thrown) {
    return `Could not read private key ${id} from ${path}: ${toError(thrown).message}`;
  }
}

function weaknessOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, { id }: NamedFile): string[] {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'rsa' && modulusLength < 2048) {
    return [`Private key ${id} is RSA with ${modulusLength} bits; 2048 or more are recommended`];
  }
  if (asymmetricKeyType === 'ec' && namedCurve !== 'prime256v1') {
    return [`Private key ${id} is EC on the curve ${namedCurve}; P-256 is recommended`];
  }
  return [];
}
