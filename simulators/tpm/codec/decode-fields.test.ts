import { describe, expect, it } from 'vitest';
import vectors from '../../../test/vectors/tpm/commands.json' with { type: 'json' };
import { fromHex } from '../../kernel/bytes.ts';
import { commandFields, responseFields } from './decode-fields.ts';

const { exchanges } = vectors;
const fieldsOf = ({ command, response }: { readonly command: string; readonly response: string }) => ({
  sent: commandFields(fromHex(command)),
  received: responseFields(fromHex(command), fromHex(response)),
});

describe('fields of TPM commands', () => {
  it.each(Object.entries(exchanges))('are read to the end of %s', (_name, exchange) => {
    const { sent, received } = fieldsOf(exchange);
    expect(received).not.toHaveProperty('malformed');
    for (const value of Object.values(sent)) expect(value).not.toBe('');
  });

  it('have their names of Part 3, and handles their numbers', () => {
    const { sent, received } = fieldsOf(exchanges.ActivateCredential);
    expect(Object.keys(sent)).toEqual([
      'activateHandle',
      'keyHandle',
      'authorization 1',
      'authorization 2',
      'credentialBlob',
      'secret',
    ]);
    expect(sent).toMatchObject({ keyHandle: '0x81010001', 'authorization 1': '0x40000009' });
    expect(Object.keys(received)).toEqual(['certInfo']);
  });

  it('do not tell what the TPM gives to its owner only', () => {
    expect(fieldsOf(exchanges.ActivateCredential).received['certInfo']).toMatch(/^\(redacted, \d+ bytes\)$/);
    expect(fieldsOf(exchanges.GetRandom).received['randomBytes']).toBe('(redacted, 20 bytes)');
  });

  it('are none of a command that the codec does not know', () => {
    const unknown = fromHex('80010000000a00000fff');
    expect(commandFields(unknown)).toEqual({});
    expect(responseFields(unknown, fromHex('80010000000a00000143'))).toEqual({});
  });
});
