import {
  type AttestationMechanism,
  createTestPki,
  createTokenHost,
  deviceKeyName,
  externalKeyOf,
  openTestPki,
  openTokenX509,
  type PkiBundle,
  storeCertificate,
} from '../simulators/index.ts';

/** A token whose key pair and certificate are those of one device. */
export interface StartedSoftHsm extends AsyncDisposable {
  /** The CN of the certificate. */
  readonly registrationId: string;
  readonly label: string;
  /** Of the user. */
  readonly pin: string;
  /** For programs in other processes, which need `environment` as well. */
  readonly modulePath: string;
  /** What they need in their environment for the module to find the token. */
  readonly environment: Readonly<Record<string, string>>;
  /** RFC 7512, of the private key, with `module-path` and `pin-source`. */
  readonly keyUri: string;
  /** PEM; it is in the token as well, with label and id of the key. */
  readonly certificatePem: string;
  /** The same, then the intermediate: what the device shows. */
  readonly chainPem: string;
  /** Who signed it. The keys are in it. */
  readonly authority: PkiBundle;
  /** For an individual enrollment: `dps.enroll({ registrationId, attestation })`. */
  readonly attestation: AttestationMechanism;
  /** For a group of all devices of this authority. */
  readonly groupAttestation: AttestationMechanism;
  /**
   * What Node's TLS takes, and so do the SDKs: `new X509Security(registrationId, hsm.tlsCredentials())`. The key is a
   * reference, by which TLS has the token sign; there is no key material in it. Good in this thread, until the end.
   *
   * @throws TlsKeyError when the native addon node-tls-key is missing: `dps-rig doctor`
   */
  tlsCredentials(): { readonly cert: string; readonly key: string };
  /** As `await using` does at the end of its block. */
  stop(): Promise<void>;
}

interface TokenToCertify {
  readonly label: string;
  readonly pin: string;
  /** With `module-path` and the PIN or where it is. */
  readonly keyUri: string;
  readonly modulePath: string;
}

/** Has the key certified, which signs the request in its token, and puts the certificate beside it. */
export async function certifyToken(parts: {
  readonly token: TokenToCertify;
  readonly registrationId: string;
  readonly authority: PkiBundle | undefined;
  /** Takes what has to be closed before the token is. */
  readonly resources: AsyncDisposableStack;
}): Promise<Omit<StartedSoftHsm, 'environment' | 'stop' | typeof Symbol.asyncDispose>> {
  const { token, registrationId, authority, resources } = parts;
  const pki = await (authority === undefined ? createTestPki() : openTestPki(authority));
  const host = createTokenHost();
  const { certificatePem, chainPem } = await certify();
  const session = host.openSession(token.keyUri);
  try {
    storeCertificate(session, certificatePem, deviceKeyName);
  } finally {
    session.close();
  }
  const opened = resources.use(new AsyncDisposableStack());
  let tls: ReturnType<typeof openTokenX509>['tls'] | undefined;
  return {
    ...token,
    registrationId,
    certificatePem,
    chainPem,
    authority: pki.bundle,
    attestation: {
      type: 'x509',
      x509: { clientCertificates: { primary: { certificate: certificatePem } } },
    },
    groupAttestation: {
      type: 'x509',
      x509: { signingCertificates: { primary: { certificate: pki.bundle.intermediatePem } } },
    },
    tlsCredentials: () => {
      tls ??= opened.use(openTokenX509(chainPem, host.openKey(token.keyUri))).tls;
      return { cert: tls.cert, key: tls.key };
    },
  };

  async function certify() {
    using key = host.openKey(token.keyUri);
    return await pki.certifyDeviceKey(externalKeyOf(key), { commonName: registrationId });
  }
}
