import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../kernel/bytes.ts';
import { CodecError } from '../kernel/errors.ts';
import { readCertificateFields } from './certificate-fields.ts';
import { createTestPki } from './test-pki.ts';

describe('readCertificateFields', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dps-rig-fields-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** Made by OpenSSL: certificates that nobody here wrote. */
  function selfSigned(subject: string, ...options: string[]): Uint8Array {
    const [key, out] = [join(folder, 'key.pem'), join(folder, 'out.der')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
        ...['-keyout', key, '-out', out, '-outform', 'DER', '-subj', subject, ...options],
      ],
      { stdio: 'pipe' },
    );
    return new Uint8Array(readFileSync(out));
  }

  it.each([
    { what: 'a plain subject', subject: '/CN=dev-01', wanted: ['dev-01'], options: [] },
    {
      what: 'several attributes',
      subject: '/C=DE/O=Contoso, Inc./OU=CN=fake/CN=dev-01/emailAddress=a@b.example',
      wanted: ['dev-01'],
      options: [],
    },
    { what: 'special characters', subject: '/CN=a\\, b \\+ CN=c', wanted: ['a, b + CN=c'], options: [] },
    { what: 'two names', subject: '/CN=first/O=Contoso/CN=last', wanted: ['first', 'last'], options: [] },
    {
      what: 'a multi-valued name',
      subject: '/O=Contoso/CN=dev-01+OU=CN=fake',
      wanted: ['dev-01'],
      options: ['-multivalue-rdn'],
    },
    { what: 'text beyond ASCII', subject: '/CN=gerät-01', wanted: ['gerät-01'], options: ['-utf8'] },
    { what: 'no name at all', subject: '/O=Contoso', wanted: [], options: [] },
  ])('finds the CN in $what', ({ subject, wanted, options }) => {
    expect(readCertificateFields(selfSigned(subject, ...options)).commonNames).toEqual(wanted);
  });

  it.each([
    ['BMPString', 'MASK:0x800', '5504031e'],
    ['T61String', 'MASK:0x4', '55040314'],
  ])('reads a CN that is a %s', (_type, mask, encoded) => {
    const config = join(folder, 'openssl.cnf');
    writeFileSync(config, `[req]\ndistinguished_name=dn\nstring_mask=${mask}\n[dn]\n`);
    const der = selfSigned('/CN=dev-01', '-config', config);
    expect(toHex(der)).toContain(encoded);
    expect(readCertificateFields(der).commonNames).toEqual(['dev-01']);
  });

  it('reads version and path length', async () => {
    const withLimit = selfSigned('/CN=ca', '-addext', 'basicConstraints=critical,CA:TRUE,pathlen:3');
    expect(readCertificateFields(withLimit)).toMatchObject({ version: 3, pathLength: 3 });
    const { bundle, issueDeviceCertificate } = await createTestPki();
    const fieldsOf = (pem: string) => readCertificateFields(new X509Certificate(pem).raw);
    expect(fieldsOf(bundle.rootPem)).toMatchObject({ version: 3, pathLength: 1 });
    expect(fieldsOf(bundle.intermediatePem).pathLength).toBe(0);
    const { certificatePem } = await issueDeviceCertificate({ commonName: 'dev-01' });
    expect(fieldsOf(certificatePem)).toEqual({ version: 3, commonNames: ['dev-01'], pathLength: undefined });
  });

  it('reads anything without another error than CodecError', () => {
    const der = selfSigned('/CN=dev-01');
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), fc.nat(der.length), (at, octet, length) => {
        const damaged = der.slice(0, length);
        if (at < damaged.length) damaged[at] = octet;
        try {
          readCertificateFields(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
