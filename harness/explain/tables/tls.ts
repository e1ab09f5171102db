import type { ExplanationTable } from '../explanation.ts';

const rfc = 'RFC 8446 §6; RFC 5246 §7.2';

/** TLS alerts, by name; the number is the AlertDescription. */
export const tlsAlerts: ExplanationTable = {
  close_notify: { number: 0, means: 'The peer closes the connection in good order.', source: rfc },
  unexpected_message: { number: 10, means: 'A message came that is not due now.', source: rfc },
  bad_record_mac: {
    number: 20,
    means: 'A record does not decrypt: changed on the way, or a bug.',
    source: rfc,
  },
  decryption_failed: { number: 21, means: 'No longer used.', source: rfc },
  record_overflow: { number: 22, means: 'A record is longer than allowed.', source: rfc },
  decompression_failure: { number: 30, means: 'No longer used.', source: rfc },
  handshake_failure: {
    number: 40,
    means: 'No parameters that both sides take, or a certificate that was due was not there.',
    source: rfc,
    texts: ['ssl3_read_bytes:sslv3 alert handshake failure'],
    causes: [
      {
        because: 'the client offers only old versions or ciphers',
        tell: 'a capture of the ClientHello; DPS wants TLS 1.2 or later',
        fix: 'Update the TLS library or its configuration.',
      },
      {
        because: 'the key cannot sign what was asked (an RSA key in a token without PSS, for example)',
        tell: 'works with a software key of the same kind',
        fix: 'Use a mechanism that the token has, or TLS 1.2.',
      },
    ],
  },
  no_certificate: { number: 41, means: 'No longer used: the client has no certificate.', source: rfc },
  bad_certificate: {
    number: 42,
    means: 'The certificate cannot be read or its signature is wrong.',
    source: rfc,
    causes: [
      {
        because: 'key and certificate do not belong together, or the chain is in the wrong order',
        tell: 'compare openssl x509 -pubkey with openssl pkey -pubout',
        fix: 'Put the leaf first, and its own key beside it.',
        reproduce: 'conformance/hsm-faults.toml certificate-of-another-key',
      },
    ],
  },
  unsupported_certificate: {
    number: 43,
    means: 'A certificate of a kind that the peer does not take.',
    source: rfc,
  },
  certificate_revoked: { number: 44, means: 'The certificate is revoked.', source: rfc },
  certificate_expired: {
    number: 45,
    means: 'The certificate has expired, or is not valid yet, by the peer’s clock.',
    source: rfc,
    texts: [
      'certificate has expired',
      'CERT_HAS_EXPIRED',
      'certificate is not yet valid',
      'CERT_NOT_YET_VALID',
    ],
    causes: [
      {
        because: 'the device has no clock of its own and starts in 1970 or at the build date',
        tell: 'iotedge 4062: error 9, not yet valid; date on the device',
        fix: 'Set the clock before anything connects (NTP, or a floor on the date).',
      },
      {
        because: 'the certificate was not renewed',
        tell: 'openssl x509 -noout -dates',
        fix: 'Renew it; from IoT Edge 1.3 on with auto_renew.',
        reproduce: 'conformance/https-refusals.toml expired-certificate',
      },
    ],
  },
  certificate_unknown: {
    number: 46,
    means: 'The peer does not take the certificate, for another reason.',
    source: rfc,
  },
  illegal_parameter: { number: 47, means: 'A field is out of range or does not fit another.', source: rfc },
  unknown_ca: {
    number: 48,
    means: 'The chain does not reach a root that the peer trusts.',
    source: rfc,
    texts: [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'unable to get local issuer certificate',
      'self-signed certificate in certificate chain',
    ],
    causes: [
      {
        because: 'the client pins an old root and the service’s root changed',
        tell: 'openssl s_client -showcerts -connect HOST:443 against the file of roots',
        fix: 'Add the new root (DigiCert Global Root G2) and keep both for a while.',
      },
      {
        because: 'the CA of the emulator is not trusted',
        tell: 'the same client with NODE_EXTRA_CA_CERTS or SSL_CERT_FILE set to the emulator’s CA',
        fix: 'Trust the file that `dps-rig emulate` names when it starts.',
      },
    ],
  },
  access_denied: { number: 49, means: 'The certificate is good and is not admitted.', source: rfc },
  decode_error: { number: 50, means: 'A message cannot be read.', source: rfc },
  decrypt_error: { number: 51, means: 'A signature or a Finished message does not verify.', source: rfc },
  export_restriction: { number: 60, means: 'No longer used.', source: rfc },
  protocol_version: {
    number: 70,
    means: 'The version of TLS is not one that the peer takes.',
    source: rfc,
    causes: [
      {
        because: 'a client that knows only TLS 1.0 or 1.1',
        tell: 'openssl s_client -tls1_2 to the same address works',
        fix: 'Update the TLS library; DPS takes 1.2 and later.',
      },
    ],
  },
  insufficient_security: { number: 71, means: 'The offered ciphers are too weak.', source: rfc },
  internal_error: { number: 80, means: 'An error that has nothing to do with the peer.', source: rfc },
  inappropriate_fallback: {
    number: 86,
    means: 'The client fell back to an old version needlessly.',
    source: 'RFC 7507',
  },
  user_canceled: { number: 90, means: 'The handshake was given up.', source: rfc },
  no_renegotiation: { number: 100, means: 'Renegotiation is refused.', source: 'RFC 5246 §7.2' },
  missing_extension: { number: 109, means: 'An extension that must be there is missing.', source: rfc },
  unsupported_extension: { number: 110, means: 'An extension that was not offered.', source: rfc },
  certificate_unobtainable: {
    number: 111,
    means: 'The certificate could not be fetched.',
    source: 'RFC 6066',
  },
  unrecognized_name: {
    number: 112,
    means: 'The server has no certificate for the name in SNI.',
    source: 'RFC 6066',
    causes: [
      {
        because: 'the client connects by address, or with the host name of another instance',
        tell: 'the server_name extension in a capture',
        fix: 'Connect by the host name.',
      },
    ],
  },
  bad_certificate_status_response: { number: 113, means: 'The OCSP answer is not good.', source: 'RFC 6066' },
  bad_certificate_hash_value: {
    number: 114,
    means: 'The certificate is not the one that was announced.',
    source: 'RFC 6066',
  },
  unknown_psk_identity: { number: 115, means: 'The pre-shared key is not known.', source: rfc },
  certificate_required: {
    number: 116,
    means: 'The server wants a client certificate and got none (TLS 1.3).',
    source: rfc,
    causes: [
      {
        because: 'the device did not load its certificate or key',
        tell: 'its log before the connection',
        fix: 'Correct the paths, the rights of the files, or the PKCS#11 URI.',
      },
    ],
  },
  no_application_protocol: {
    number: 120,
    means: 'No protocol of the ALPN list is spoken here.',
    source: 'RFC 7301',
  },
};
