import { toBase64 } from '../../kernel/bytes.ts';
import type { HubModuleIdentity, ModuleKeys } from '../../transport/hub-modules.ts';
import { hmacSha256 } from '../../wire/hmac-sha256.ts';

/**
 * The keys that a daemon gives to a module: whoever has the master key makes them again at any time, so none is kept.
 *
 * @param masterKey `aziot_identityd_master_id`
 * @see reference of IoT Edge devices, chapter 2.7: HMAC-SHA256 over `{moduleId}:{generationId}:primary`
 */
export function deriveModuleKeys(
  masterKey: Uint8Array,
  { moduleId, generationId }: Pick<HubModuleIdentity, 'moduleId' | 'generationId'>,
): ModuleKeys {
  const derive = (which: 'primary' | 'secondary'): string =>
    toBase64(hmacSha256(masterKey, `${moduleId}:${generationId}:${which}`));
  return { primaryKey: derive('primary'), secondaryKey: derive('secondary') };
}
