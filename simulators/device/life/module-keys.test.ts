import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { deriveModuleKeys } from './module-keys.ts';

const masterKey = Buffer.alloc(32, 7);
const module = { moduleId: '$edgeAgent', generationId: '638712345678901234' };

describe('keys of modules', () => {
  it('are HMACs of the module, its generation and which key it is', () => {
    const hmac = (text: string) => createHmac('sha256', masterKey).update(text).digest('base64');
    expect(deriveModuleKeys(masterKey, module)).toEqual({
      primaryKey: hmac('$edgeAgent:638712345678901234:primary'),
      secondaryKey: hmac('$edgeAgent:638712345678901234:secondary'),
    });
  });

  it('are others once the module was made anew', () => {
    const again = deriveModuleKeys(masterKey, { ...module, generationId: '1' });
    expect(again.primaryKey).not.toBe(deriveModuleKeys(masterKey, module).primaryKey);
  });
});
