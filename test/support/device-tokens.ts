import { formatSasToken, signSas } from '../../simulators/wire/sas-token.ts';

/** A token as Node's SDK writes it for symmetric keys; other forms by the options. */
export function deviceToken(
  device: { readonly idScope: string; readonly registrationId: string; readonly key: Uint8Array },
  options: { readonly expirySeconds?: number; readonly sr?: string; readonly skn?: string } = {},
): string {
  const sr = options.sr ?? `${device.idScope}/registrations/${device.registrationId}`;
  const expirySeconds = options.expirySeconds ?? Math.floor(Date.now() / 1000) + 3600;
  const signature = signSas(device.key, sr, expirySeconds);
  return formatSasToken({ sr, signature, expirySeconds, skn: options.skn ?? 'registration' });
}
