import { utf8 } from '../../kernel/bytes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { formatSasToken, sasSigningInput } from '../../wire/sas-token.ts';
import type { EdgeProfile } from '../platforms/edge-profile.ts';
import type { ProvisionedDevice } from './daemon-layout.ts';

/**
 * The token with which a daemon proves itself to its hub: the resource in lower case, without a policy's name.
 *
 * @param sign HMAC-SHA256 with the device's key for its hub, wherever that lives
 * @see reference of IoT Edge devices, chapters 2.1 and 2.2
 */
export async function daemonHubToken(
  { lifeSeconds, slash }: EdgeProfile['sas'],
  { hub, deviceId }: ProvisionedDevice,
  sign: (input: Uint8Array) => Promise<Uint8Array>,
  clock: Clock,
): Promise<string> {
  const sr = [hub, 'devices', encodeURIComponent(deviceId)].join(slash).toLowerCase();
  return signedToken(slash === '/' ? sr : sr.replaceAll('%2f', slash), lifeSeconds, sign, clock);
}

/** As long as the edge runtime's tokens. */
const RUNTIME_TOKEN_LIFE_SECONDS = 3_600;

/** The token with which a module of the edge runtime proves itself; the daemon signs it with the module's primary key. */
export async function moduleHubToken(
  { hub, deviceId }: ProvisionedDevice,
  moduleId: string,
  sign: (input: Uint8Array) => Promise<Uint8Array>,
  clock: Clock,
): Promise<string> {
  const sr = encodeURIComponent(`${hub}/devices/${deviceId}/modules/${moduleId}`);
  return signedToken(sr, RUNTIME_TOKEN_LIFE_SECONDS, sign, clock);
}

async function signedToken(
  sr: string,
  lifeSeconds: number,
  sign: (input: Uint8Array) => Promise<Uint8Array>,
  clock: Clock,
): Promise<string> {
  const expirySeconds = Math.floor(clock.nowMs() / 1000) + lifeSeconds;
  const signature = await sign(utf8(sasSigningInput(sr, expirySeconds)));
  return formatSasToken({ sr, signature, expirySeconds });
}
