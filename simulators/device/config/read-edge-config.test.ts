import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../kernel/errors.ts';
import { edgeVersions } from '../platforms/profiles.ts';
import { platformKinds } from '../platforms/table.ts';
import { parseEdgeConfig, readEdgeConfig } from './read-edge-config.ts';

/** Pieces of configurations: put together at random they come further into the readers than random text does. */
const pieces = [
  ...[
    '[provisioning]',
    'provisioning:',
    '  source: "dps"',
    'source = "dps"',
    'source = "manual"',
    '\n',
    '  ',
  ],
  ...['id_scope = "x"', 'global_endpoint = "https://x"', '[provisioning.attestation]', 'method = "x509"'],
  ...[
    'identity_cert = { method = "est" }',
    'symmetric_key = { value = "" }',
    '  attestation:',
    '    method: "tpm"',
  ],
  ...[
    'Provision-EflowVm',
    '-provisioningType',
    'DpsTPM',
    '-scopeId:',
    '"',
    "'",
    '`',
    '$x',
    'Initialize-IoTEdge',
  ],
  ...[
    'HostName=h;',
    'DeviceId=d;',
    'SharedAccessKey=',
    '{',
    '}',
    '"scopeId": 1',
    '[tpm]',
    'auth_key_index = 1.5',
  ],
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 12 })
  .map((parts) => parts.join('\n'));

describe('a reader of configurations', () => {
  it('reads any text, or refuses it with a ConfigError', () => {
    const device = fc.record({
      platform: fc.constantFrom(...platformKinds),
      version: fc.constantFrom(...edgeVersions),
    });
    fc.assert(
      fc.property(
        text,
        fc.constantFrom('config.toml', 'config.yaml', 'x.ps1'),
        device,
        (content, file, options) => {
          try {
            parseEdgeConfig(content, file, options);
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('says which file is not there', async () => {
    await expect(readEdgeConfig('/nowhere/config.toml')).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      file: '/nowhere/config.toml',
      daemonSays: 'could not read config file /nowhere/config.toml',
    });
  });
});
