import {
  type AttestationMechanism,
  describeTpm,
  publishTpm,
  type TpmTransport,
} from '../simulators/index.ts';
import { toBase64 } from '../simulators/kernel/bytes.ts';
import { InvariantError } from '../simulators/kernel/errors.ts';

/** A TPM that outside programs and libraries can use: any number of clients, whose commands take turns. */
export interface StartedSoftwareTpm extends AsyncDisposable {
  /** As the SDKs derive it: base32 of SHA-256 of the EK. */
  readonly registrationId: string;
  /** TPM2B_PUBLIC of the EK at 0x81010001, base64: what an enrollment takes. */
  readonly endorsementKey: string;
  /** TPM2B_PUBLIC of the SRK at 0x81000001, base64. */
  readonly storageRootKey: string;
  /** For an enrollment: `dps.enroll({ registrationId, attestation })`. */
  readonly attestation: AttestationMechanism;
  /** For `tpm2-tools -T`, TPM2TOOLS_TCTI and `tcti` of IoT Edge: `swtpm:host=127.0.0.1,port=...`. */
  readonly tcti: string;
  /** swtpm's own protocol: bare commands on `port`, the control channel on the next one. */
  readonly commandSocket: { readonly host: string; readonly port: number };
  /** The protocol of Microsoft's simulator, for TSS libraries: `new tss.Tpm(true, host, port)`. */
  readonly simulatorSocket: { readonly host: string; readonly port: number };
  /** As `await using` does at the end of its block. */
  stop(): Promise<void>;
}

/** Publishes a TPM that has an EK and an SRK; what that takes ends with `resources`. */
export async function publishDeviceTpm(parts: {
  readonly transport: TpmTransport;
  readonly resources: AsyncDisposableStack;
  readonly signal: AbortSignal;
}): Promise<Omit<StartedSoftwareTpm, 'stop' | typeof Symbol.asyncDispose>> {
  const { transport, resources, signal } = parts;
  const { endorsementKey, storageRootKey, registrationIds } = await describeTpm(transport, signal);
  const bridge = resources.use(
    await publishTpm({
      transport,
      endpoints: (['swtpm', 'mssim'] as const).map((protocol) => ({ kind: 'tcp', protocol, port: 0 })),
    }),
  );
  const [swtpm, mssim] = bridge.endpoints;
  if (!endorsementKey || !storageRootKey || !registrationIds || !swtpm?.port || !mssim?.port) {
    throw new InvariantError('a TPM of a device has no keys, or was not published');
  }
  const ek = toBase64(endorsementKey.publicArea);
  return {
    registrationId: registrationIds.base32,
    endorsementKey: ek,
    storageRootKey: toBase64(storageRootKey.publicArea),
    attestation: { type: 'tpm', tpm: { endorsementKey: ek } },
    tcti: swtpm.tctiString,
    commandSocket: { host: LOOPBACK, port: swtpm.port },
    simulatorSocket: { host: LOOPBACK, port: mssim.port },
  };
}

const LOOPBACK = '127.0.0.1';
