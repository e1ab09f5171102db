import type { EdgeVersion } from '../platforms/profiles.ts';
import type { ConfigTable } from './config-table.ts';
import type { AutoRenew, CertificateSource, Credential, KeySource } from './edge-config.ts';
import { parseFileUri, parseKeyLocation } from './key-location.ts';

type X509 = Extract<Credential, { kind: 'x509' }>;

/** Whose certificate it is: its id becomes the CN of one that is issued. */
type Subject =
  | { readonly kind: 'manual'; readonly id: string }
  | { readonly kind: 'dps'; readonly id: string | undefined };

/** Texts of the renewal policy's own checks; they are hidden behind the untagged enum like everything else here. */
const policyHint =
  'auto_renew = { rotate_key = true, threshold = "80%", retry = "4%" }; units are %, min and day';

/**
 * Reads `identity_cert` and `identity_pk`, as URIs or as a certificate that is to be issued.
 *
 * @returns with the registration id that the device ends up with
 * @see the reference of IoT Edge devices, chapter 1.5
 */
export function readX509Identity(
  open: ConfigTable,
  subject: Subject,
  version: EdgeVersion,
): { readonly credential: X509; readonly registrationId: string | undefined } {
  const untagged = 'data did not match any variant of untagged enum X509Identity';
  // In the manual form everything is masked already, by the enum around it.
  const table = subject.kind === 'manual' ? open : open.masked(untagged);
  const registrationId = subject.kind === 'manual' ? undefined : subject.id;
  if (table.isTable('identity_cert')) {
    const issued = readIssued(table.table('identity_cert'), subject, version);
    if (table.has('identity_pk')) {
      table.notice(
        'ignored-key',
        'identity_pk',
        'is ignored: the key of an issued certificate is made with it',
      );
    }
    return { credential: { kind: 'x509', ...issued.identity }, registrationId: issued.registrationId };
  }
  const certificate = readCertificate(table);
  return { credential: { kind: 'x509', certificate, privateKey: readPrivateKey(table) }, registrationId };
}

function readCertificate(table: ConfigTable): CertificateSource {
  const location = parseFileUri(table.string('identity_cert'));
  if (location.kind === 'wrong') throw table.problem('CONFIG_VALUE', 'identity_cert', location);
  return { kind: 'file', path: location.value };
}

function readPrivateKey(table: ConfigTable): KeySource {
  const location = parseKeyLocation(table.string('identity_pk'));
  if (location.kind === 'wrong') throw table.problem('CONFIG_VALUE', 'identity_pk', location);
  if (location.notice !== undefined) table.notice('ignored-part', 'identity_pk', location.notice);
  return location.value;
}

interface Issued {
  readonly identity: Pick<X509, 'certificate' | 'privateKey'>;
  readonly registrationId: string | undefined;
}

function readIssued(table: ConfigTable, subject: Subject, version: EdgeVersion): Issued {
  const method = table.word('method', ['est', 'local_ca', 'self_signed']);
  if (method === 'est') {
    table.knows('url', 'username', 'password', 'identity_cert', 'identity_pk');
    table.knows('bootstrap_identity_cert', 'bootstrap_identity_pk');
  }
  const commonName = table.optionalString('common_name');
  const names = table.optionalTable('subject');
  if (names?.has('CN')) names.notice('ignored-key', 'CN', `is dropped: the CN is always ${idName(subject)}`);
  names?.knows(...names.keys());
  const expiryDays = table.optionalInteger('expiry_days');
  if (expiryDays !== undefined && expiryDays <= 0) {
    const problem = { message: `is ${expiryDays}`, expected: 'a number of days greater than 0' };
    throw table.problem('CONFIG_VALUE', 'expiry_days', problem);
  }
  const autoRenew = readAutoRenew(table, subject);
  if (subject.id !== undefined && subject.id.length > 64) {
    const message = `the CN of its certificate is cut to 64 of its ${subject.id.length} characters`;
    table.notice('common-name-cut', 'method', message);
  }
  const lost =
    subject.kind === 'dps' &&
    subject.id !== undefined &&
    version >= '1.4' &&
    commonName === undefined &&
    names === undefined;
  if (lost) noticeLostId(table);
  const certificate = {
    kind: 'issued',
    method,
    commonName: lost ? undefined : (subject.id?.slice(0, 64) ?? commonName),
    expiryDays: expiryDays ?? (method === 'est' ? undefined : 30),
    autoRenew,
  } as const;
  return {
    identity: { certificate, privateKey: undefined },
    registrationId: lost ? undefined : (subject.id ?? commonName),
  };
}

const idName = ({ kind }: Subject): string => (kind === 'manual' ? 'the device id' : 'the registration id');

function noticeLostId(table: ConfigTable): void {
  table.notice(
    'registration-id-lost',
    'method',
    'without common_name or subject the registration id is lost on the way to the identity service, which then cannot ask for a certificate; add common_name = "<registration id>"',
    {
      daemonSays:
        'could not create certificate: identity cert does not exist; cannot create new cert as registration ID is unknown',
      fatal: true,
    },
  );
}

function readAutoRenew(table: ConfigTable, subject: Subject): AutoRenew | undefined {
  const policy = table.optionalTable('auto_renew');
  if (policy === undefined) return undefined;
  const rotateKey = policy.optionalBoolean('rotate_key');
  const [threshold, retry] = [readPeriod(policy, 'threshold'), readPeriod(policy, 'retry')];
  if (rotateKey === undefined || threshold === undefined || retry === undefined) {
    throw policy.problem('CONFIG_MISSING', undefined, {
      message: 'is incomplete',
      expected: 'rotate_key, threshold and retry, all three',
      hint: policyHint,
    });
  }
  if (subject.kind === 'manual') {
    table.notice(
      'no-auto-renew',
      'auto_renew',
      'is not honoured: certificates are renewed for source = "dps" only',
    );
  }
  return { rotateKey, threshold, retry };
}

function readPeriod(policy: ConfigTable, key: string): string | undefined {
  const text = policy.optionalString(key);
  if (text === undefined) return undefined;
  const [, number = '', unit = ''] = /^\s*(\S*?)\s*(%|[A-Za-z]*)\s*$/.exec(text) ?? [];
  const wrong = (message: string): Error =>
    policy.problem('CONFIG_VALUE', key, {
      message,
      expected: 'e.g. "80%", "10 day", "30 min"',
      hint: policyHint,
    });
  if (!['%', 'min', 'day'].includes(unit)) throw wrong('has no unit that the policy knows');
  if (!/^-?\d+$/.test(number)) throw wrong('has no whole number');
  if (Number(number) <= 0) throw wrong('is not positive');
  if (unit === '%' && Number(number) >= 100) throw wrong('is not less than 100 %');
  return text;
}
