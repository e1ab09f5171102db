import { createHmac, randomBytes } from 'node:crypto';
import type { TransportKind } from '../simulators/device/device-spec.ts';
import { formatSasToken, signSas } from '../simulators/wire/sas-token.ts';

/** What a client party registers: devices that share nothing but the server's CA. */
export interface ClientJob {
  readonly port: number;
  readonly mqttPort?: number;
  readonly amqpPort?: number;
  /** Default: https. */
  readonly transport?: TransportKind;
  readonly hostName: string;
  readonly idScope: string;
  /** The server's CA; without it Node's own roots and those of NODE_EXTRA_CA_CERTS. */
  readonly caPem?: string;
  readonly concurrency: number;
  readonly devices: readonly JobDevice[];
}

export interface JobDevice {
  readonly registrationId: string;
  /** The device's symmetric key, base64. */
  readonly key: string;
  /** A SAS token made beforehand, for clients that do not sign. */
  readonly token: string;
}

/** Devices with keys derived from one random master, and a token each that lives for an hour. */
export function makeDevices(count: number, idScope: string): JobDevice[] {
  const master = randomBytes(32);
  const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
  const run = randomBytes(3).toString('hex');
  return Array.from({ length: count }, (_, index) => {
    const registrationId = `bench-${run}-${index}`;
    const key = createHmac('sha256', master).update(registrationId).digest();
    const sr = `${idScope}%2Fregistrations%2F${registrationId}`;
    const token = formatSasToken({
      sr,
      signature: signSas(key, sr, expirySeconds),
      expirySeconds,
      skn: 'registration',
    });
    return { registrationId, key: key.toString('base64'), token };
  });
}
