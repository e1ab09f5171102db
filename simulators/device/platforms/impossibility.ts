import type { AttestationKind } from '../../wire/constants.ts';
import type { TransportKind } from '../../wire/transports.ts';
import type { ClientKind, KeyStoreKind } from '../device-spec.ts';
import type { EdgeVersion } from './profiles.ts';
import { neverReleased, newestVersionOf, type PlatformKind, releaseOf } from './table.ts';

/** The axes on which a platform has a say. */
export interface PlatformAxes {
  readonly platform: PlatformKind;
  readonly version?: EdgeVersion | undefined;
  readonly attestation: AttestationKind;
  readonly keyStore: KeyStoreKind;
  readonly transport: TransportKind;
  readonly client: ClientKind;
}

/** Why no IoT Edge device is like this, and how that is known; undefined when there can be one. */
export function platformImpossibility(axes: PlatformAxes): string | undefined {
  const { platform, client, version = newestVersionOf(platform), transport, attestation, keyStore } = axes;
  if (client !== 'iot-edge') {
    return axes.version === undefined ? undefined : `${client} is not IoT Edge and has no version of it`;
  }
  if (releaseOf(platform, version) === undefined) return neverReleased(platform, version);
  if (transport !== 'https') {
    return 'the IoT Edge daemon provisions over HTTPS only (source: aziot-identityd, http-common)';
  }
  if (keyStore === 'softhsm') return tokenImpossibility(platform, version);
  if (keyStore === 'swtpm' && attestation !== 'tpm') {
    return 'the IoT Edge daemon has its keys in files and PKCS#11 tokens; its TPM serves TPM attestation only (source: aziot-keyd, aziot-tpmd)';
  }
  return undefined;
}

function tokenImpossibility(platform: PlatformKind, version: EdgeVersion): string | undefined {
  if (platform === 'eflow') {
    return 'EFLOW has no setting for PKCS#11 (source: the parameters of Provision-EflowVm)';
  }
  if (version === '1.1') return 'IoT Edge 1.1 knows keys in files only (source: its config.yaml)';
  return undefined;
}
