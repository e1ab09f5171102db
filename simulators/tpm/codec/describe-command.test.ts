import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../../test/vectors/tpm/commands.json' with { type: 'json' };
import { fromHex, utf8 } from '../../kernel/bytes.ts';
import { CodecError } from '../../kernel/errors.ts';
import { password } from './authorization.ts';
import { encodeCommand } from './command.ts';
import { commands } from './commands.ts';
import { TPM_RH } from './constants.ts';
import { describeCommand } from './describe-command.ts';

describe('describeCommand', () => {
  it('tells name, handles and sizes', () => {
    expect(describeCommand(fromHex(vectors.exchanges.ActivateCredential.command))).toEqual({
      name: 'TPM2_ActivateCredential',
      code: 0x147,
      handles: [
        { name: 'activateHandle', handle: 0x81000001 },
        { name: 'keyHandle', handle: 0x81010001 },
      ],
      authorizationCount: 2,
      parameterBytes: 54 + 258,
      commandBytes: 352,
    });
  });

  it('tells neither password nor parameters', () => {
    const command = encodeCommand(commands.HierarchyChangeAuth, {
      authHandle: TPM_RH.OWNER,
      newAuth: utf8('new-secret'),
      authorizations: [password(utf8('old-secret'))],
    });
    expect(JSON.stringify(describeCommand(command))).not.toMatch(/secret|736563726574|115,101/);
  });

  it('describes a command that it does not know', () => {
    expect(describeCommand(fromHex('80010000000e0000018903000000'))).toMatchObject({
      name: 'TPM2_CC_0x189',
      handles: [],
      parameterBytes: 4,
    });
  });

  it('throws nothing but CodecError, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom(...Object.values(commands).map(({ code }) => code)),
        (noise, code) => {
          if (noise.length >= 10) new DataView(noise.buffer).setUint32(6, code);
          try {
            describeCommand(noise);
          } catch (error) {
            expect(error).toBeInstanceOf(CodecError);
          }
        },
      ),
    );
  });
});
