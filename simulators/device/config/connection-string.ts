import type { EdgeVersion } from '../platforms/profiles.ts';
import { decodeKeyText } from './symmetric-key-text.ts';

/** What a device's connection string says. */
export interface DeviceConnection {
  readonly hostName: string;
  readonly deviceId: string;
  /** Secret. */
  readonly key: Uint8Array;
  /** Parts that were passed over. */
  readonly ignored: readonly string[];
}

/** A connection string, or what is wrong with it: for people, and in the words of the device. */
export type ParsedConnection =
  | { readonly kind: 'connection'; readonly connection: DeviceConnection }
  | { readonly kind: 'wrong'; readonly message: string; readonly daemonSays: string; readonly hint: string };

const requiredParts = ['HostName', 'DeviceId', 'SharedAccessKey'] as const;
const hint = 'Copy it from the device (not from the hub): HostName=…;DeviceId=…;SharedAccessKey=…';

/**
 * Reads a connection string as a version of IoT Edge does: names are case-sensitive, and what is not known is ignored.
 *
 * @see the reference of IoT Edge devices, chapters 1.4 and 3.1
 */
export function parseConnectionString(text: string, version: EdgeVersion): ParsedConnection {
  const legacy = version === '1.1';
  if (legacy && /^<.*>$/.test(text.trim())) {
    const message = 'is still the placeholder of the template';
    return { kind: 'wrong', message, daemonSays: 'Edge device information is required.', hint };
  }
  const parts = new Map(
    text
      .trim()
      .split(';')
      .filter(Boolean)
      .map((part) => splitPart(part, legacy)),
  );
  for (const name of requiredParts) {
    if (parts.has(name)) continue;
    const near = [...parts.keys()].find((other) => other.toLowerCase() === name.toLowerCase());
    return {
      kind: 'wrong',
      message: near === undefined ? `has no ${name}` : `has ${near}, and the case of ${name} matters`,
      daemonSays: legacy ? missingInOneOne(name) : `required parameter "${name}" is missing`,
      hint,
    };
  }
  const [hostName = '', deviceId = '', keyText = ''] = requiredParts.map((name) => parts.get(name));
  const bad = badPart({ hostName, deviceId }, legacy);
  if (bad !== undefined) return bad;
  const key = decodeKeyText(legacy ? keyText.replace(/=+$/, '') : keyText);
  if (key === undefined) {
    return {
      kind: 'wrong',
      message: 'has a SharedAccessKey that is not base64',
      daemonSays: legacy
        ? malformed('SharedAccessKey')
        : 'connection string\'s "SharedAccessKey" parameter could not be decoded from base64',
      hint,
    };
  }
  const ignored = [...parts.keys()].filter((name) => !(requiredParts as readonly string[]).includes(name));
  return { kind: 'connection', connection: { hostName, deviceId, key, ignored } };
}

/** 1.1 splits at every `=`, so it loses the padding of the key and does without; later ones split at the first. */
function splitPart(part: string, legacy: boolean): readonly [string, string] {
  const at = part.indexOf('=');
  if (at < 0) return [part, ''];
  const value = part.slice(at + 1);
  return [part.slice(0, at), legacy ? (value.split('=')[0] ?? '') : value];
}

const malformed = (name: string): string =>
  `The Connection String has a malformed value for parameter ${name}.`;

/** A missing DeviceId is a malformed one to 1.1. */
const missingInOneOne = (name: string): string =>
  name === 'DeviceId' ? malformed(name) : `The Connection String is missing required parameter ${name}`;

function badPart(
  { hostName, deviceId }: { readonly hostName: string; readonly deviceId: string },
  legacy: boolean,
): ParsedConnection | undefined {
  if (!legacy) return undefined;
  const name = !/^[a-zA-Z0-9_\-.]+$/.test(hostName)
    ? 'HostName'
    : !/^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}$/.test(deviceId)
      ? 'DeviceId'
      : undefined;
  if (name === undefined) return undefined;
  return { kind: 'wrong', message: `has a malformed ${name}`, daemonSays: malformed(name), hint };
}
