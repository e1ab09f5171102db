import type { PersistentKey, PublishedEndpoint, TpmDescription } from '../../simulators/index.ts';
import { toBase64, toHex } from '../../simulators/kernel/bytes.ts';

/** A TPM for people: what an enrollment needs stands on lines of its own, to be copied. */
export function renderTpmDescription(label: string, tpm: TpmDescription): string {
  const { active, failedTries, maxTries } = tpm.lockout;
  const properties: readonly (readonly [string, string])[] = [
    ['manufacturer', `${tpm.manufacturer} (${tpm.vendor})`],
    ['firmware', tpm.firmwareVersion],
    ['specification', `TPM 2.0, revision ${tpm.specificationRevision}`],
    ['lockout', `${active ? 'yes' : 'no'} (${failedTries} of ${maxTries} failed tries)`],
    ['persistent', tpm.persistentHandles.map((handle) => nameHandle(handle, tpm)).join(', ') || 'nothing'],
  ];
  const lines = [`TPM ${label}`, ...properties.map(([name, value]) => `  ${name.padEnd(14)} ${value}`), ''];
  const paragraph = (title: string, value: string | undefined): string[] => [
    `${title}:`,
    value ?? 'none',
    '',
  ];
  return [
    ...lines,
    ...paragraph(
      'Registration Id (base32 of SHA-256; SDKs, tpm_device_provision)',
      tpm.registrationIds?.base32,
    ),
    ...paragraph('Registration Id (hexadecimal SHA-256; recipes with tpm2-tools)', tpm.registrationIds?.hex),
    ...paragraph('Endorsement Key', tpm.endorsementKey && toBase64(tpm.endorsementKey.publicArea)),
    ...paragraph('Endorsement Key Name', tpm.endorsementKey && toHex(tpm.endorsementKey.name)),
    ...paragraph('Storage Root Key', tpm.storageRootKey && toBase64(tpm.storageRootKey.publicArea)),
  ].join('\n');
}

/** The same for programs: keys in base64 (TPM2B_PUBLIC, as DPS takes them), Names and handles in hexadecimal. */
export function tpmDescriptionAsJson(label: string, tpm: TpmDescription): Record<string, unknown> {
  const key = (value: PersistentKey | undefined): unknown =>
    value && { handle: hexHandle(value.handle), public: toBase64(value.publicArea), name: toHex(value.name) };
  return {
    tpm: label,
    ...tpm,
    persistentHandles: tpm.persistentHandles.map(hexHandle),
    endorsementKey: key(tpm.endorsementKey),
    storageRootKey: key(tpm.storageRootKey),
    identityKey: key(tpm.identityKey),
  };
}

/** Lines to copy and paste, for each way in which the TPM can be reached. */
export function renderPublished(
  label: string,
  published: { readonly endpoints: readonly PublishedEndpoint[]; readonly fate: string },
  { registrationIds }: TpmDescription,
): string {
  const [first] = published.endpoints;
  return [
    `TPM ${label} is published; ${published.fate}. Ctrl-C ends it.`,
    '',
    'tpm2-tools, one of:',
    ...published.endpoints.map(({ tctiString }) => `  export TPM2TOOLS_TCTI="${tctiString}"`),
    'then for example:',
    '  tpm2_getrandom --hex 16',
    '  tpm2_readpublic -c 0x81010001',
    '',
    'IoT Edge, in /etc/aziot/config.toml:',
    '  [tpm]',
    `  tcti = "${first?.tctiString ?? ''}"`,
    '',
    `Registration Id (base32):      ${registrationIds?.base32 ?? 'none: no EK at 0x81010001'}`,
    `Registration Id (hexadecimal): ${registrationIds?.hex ?? 'none: no EK at 0x81010001'}`,
    '',
  ].join('\n');
}

function nameHandle(handle: number, tpm: TpmDescription): string {
  const names = [
    [tpm.endorsementKey, 'EK'],
    [tpm.storageRootKey, 'SRK'],
    [tpm.identityKey, 'identity key'],
  ] as const;
  const name = names.find(([key]) => key?.handle === handle)?.[1];
  return name === undefined ? hexHandle(handle) : `${hexHandle(handle)} ${name}`;
}

const hexHandle = (handle: number): string => `0x${handle.toString(16)}`;
