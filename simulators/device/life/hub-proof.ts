import { utf8 } from '../../kernel/bytes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { formatSasToken, sasSigningInput } from '../../wire/sas-token.ts';
import type { EdgeProfile } from '../platforms/edge-profile.ts';
import { createEdgeToken, type SignToken } from '../platforms/edge-token.ts';
import type { ProvisionedDevice } from './daemon-layout.ts';

/**
 * The token with which a daemon proves itself to its hub: the resource in lower case, without a policy's name.
 *
 * @param sign HMAC-SHA256 with the device's key for its hub, wherever that lives
 * @see reference of IoT Edge devices, chapters 2.1 and 2.2
 */
export const daemonHubToken = (
  profile: EdgeProfile,
  { hub, deviceId }: ProvisionedDevice,
  sign: SignToken,
  clock: Clock,
): Promise<string> =>
  createEdgeToken({ resource: `${hub}/devices/${deviceId}`, keyName: undefined }, profile, sign, clock);

/** As long as the edge runtime's tokens. */
const RUNTIME_TOKEN_LIFE_SECONDS = 3_600;

/** The token with which a module of the edge runtime proves itself; the daemon signs it with the module's primary key. */
export async function moduleHubToken(
  { hub, deviceId }: ProvisionedDevice,
  moduleId: string,
  sign: SignToken,
  clock: Clock,
): Promise<string> {
  const sr = encodeURIComponent(`${hub}/devices/${deviceId}/modules/${moduleId}`);
  const expirySeconds = Math.floor(clock.nowMs() / 1000) + RUNTIME_TOKEN_LIFE_SECONDS;
  const signature = await sign(utf8(sasSigningInput(sr, expirySeconds)));
  return formatSasToken({ sr, signature, expirySeconds });
}
