import { createTestPki, type TestPki } from '../pki/test-pki.ts';
import type { CertificateRotation } from '../server/rotate-certificate.ts';
import { GLOBAL_DEVICE_ENDPOINT } from '../wire/constants.ts';

/** What the server presents; `caPem` is what clients must trust. */
export interface ServerTls {
  /** Leaf, then intermediates. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  readonly caPem: string;
  readonly rotation?: CertificateRotation | undefined;
}

/** Names in the server certificate: what unmodified clients dial. */
const emulatorServerNames = [
  GLOBAL_DEVICE_ENDPOINT,
  '*.azure-devices-provisioning.net',
  '*.azure-devices.net',
  'localhost',
] as const;

/** The same and the names of the linked hubs, of which the wildcard covers only some. */
export const serverNamesFor = (hubs: readonly string[]): readonly string[] => [
  ...new Set([...emulatorServerNames, ...hubs.map((hub) => hub.toLowerCase())]),
];

/** A server certificate for the names that clients use, the loopback address and the server's own. */
export async function issueServerTls(
  pki: TestPki,
  address: string,
  hubs: readonly string[] = [],
): Promise<ServerTls> {
  const anywhere = ['0.0.0.0', '::'];
  const addresses = [...new Set(['127.0.0.1', address])].filter((one) => !anywhere.includes(one));
  const { chainPem, privateKeyPem } = await pki.issueServerCertificate({
    names: serverNamesFor(hubs),
    addresses,
  });
  return { certificateChainPem: chainPem, privateKeyPem, caPem: pki.bundle.rootPem };
}

/** The same under an authority that nobody keeps. */
export const throwAwayServerTls = async (address: string, hubs: readonly string[]): Promise<ServerTls> =>
  issueServerTls(await createTestPki(), address, hubs);

/** The same, which after so many seconds presents a certificate of another root; `caPem` has both. */
export async function rotatingServerTls(
  tls: ServerTls,
  afterSeconds: number | undefined,
  { address, hubs }: { readonly address: string; readonly hubs: readonly string[] },
): Promise<ServerTls> {
  if (afterSeconds === undefined) return tls;
  const next = await throwAwayServerTls(address, hubs);
  return {
    ...tls,
    caPem: `${tls.caPem.trimEnd()}\n${next.caPem}`,
    rotation: { next, afterMs: afterSeconds * 1000 },
  };
}
