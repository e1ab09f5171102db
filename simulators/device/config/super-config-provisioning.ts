import { type EdgeVersion, edgeProfiles } from '../platforms/profiles.ts';
import type { ConfigTable } from './config-table.ts';
import type { Credential, KeySource, ProvisioningConfig } from './edge-config.ts';
import { readDeviceConnection, readInlineKey } from './inline-credentials.ts';
import { parseFileUri, parseKeyLocation } from './key-location.ts';
import { readX509Identity } from './super-config-x509.ts';

/** What serde says when none of an enum's forms fits; it does not say which part of which form. */
const untagged = (name: string): string => `data did not match any variant of untagged enum ${name}`;

/**
 * Reads `[provisioning]`.
 *
 * @throws ConfigError
 * @see the reference of IoT Edge devices, chapters 1.3 to 1.5 and 1.9
 */
export function readProvisioning(root: ConfigTable, version: EdgeVersion): ProvisioningConfig {
  if (!root.has('provisioning') && ['source', 'connection_string', 'id_scope'].some((key) => root.has(key))) {
    throw root.problem('CONFIG_MISSING', 'provisioning', {
      message: 'is missing, and keys of it stand above all tables',
      expected: 'a line [provisioning] before them',
      daemonSays: 'missing field `provisioning`',
    });
  }
  const table = root.table('provisioning');
  const source = table.word('source', ['manual', 'dps', 'none']);
  switch (source) {
    case 'manual':
      return readManual(table, version);
    case 'dps':
      return readDps(table, version);
    case 'none':
      return { source };
  }
}

function readManual(open: ConfigTable, version: EdgeVersion): ProvisioningConfig {
  const table = open.masked(untagged('ManualProvisioning'));
  const formB = ['iothub_hostname', 'device_id', 'authentication'].filter((key) => table.has(key));
  if (table.has('connection_string')) {
    if (formB.length > 0) {
      throw table.problem('CONFIG_CONFLICT', 'connection_string', {
        message: `stands beside ${formB.join(' and ')}`,
        expected:
          'one of the two forms: connection_string, or iothub_hostname, device_id and [provisioning.authentication]',
      });
    }
    return readDeviceConnection(table, 'connection_string', version);
  }
  if (formB.length === 0) {
    throw table.problem('CONFIG_MISSING', 'connection_string', {
      message: 'is missing',
      expected: 'connection_string, or iothub_hostname, device_id and [provisioning.authentication]',
      hint: table.has('device_connection_string')
        ? 'device_connection_string is the name of 1.1.'
        : undefined,
    });
  }
  if (table.has('attestation') && !table.has('authentication')) {
    throw table.problem('CONFIG_MISSING', 'authentication', {
      message: 'is missing, and there is [provisioning.attestation]',
      expected: '[provisioning.authentication]: attestation is the table for source = "dps"',
    });
  }
  const hubHostName = table.string('iothub_hostname');
  const deviceId = table.string('device_id');
  const authentication = table.table('authentication');
  if (authentication.optionalString('method') === 'symmetric_key') {
    throw authentication.problem('CONFIG_VALUE', 'method', {
      message: 'is "symmetric_key", which is the word for DPS',
      expected: '"sas" or "x509"',
    });
  }
  const method = authentication.word('method', ['sas', 'x509']);
  const credential: Exclude<Credential, { kind: 'tpm' }> =
    method === 'sas'
      ? { kind: 'symmetric-key', key: readSymmetricKey(authentication, 'device_id_pk') }
      : readX509Identity(authentication, { kind: 'manual', id: deviceId }, version).credential;
  return { source: 'manual', hubHostName, deviceId, credential };
}

function readDps(table: ConfigTable, version: EdgeVersion): ProvisioningConfig {
  const globalEndpoint = readEndpoint(table, version);
  const idScope = table.string('id_scope');
  if (table.has('authentication') && !table.has('attestation')) {
    throw table.problem('CONFIG_MISSING', 'attestation', {
      message: 'is missing, and there is [provisioning.authentication]',
      expected: '[provisioning.attestation]: authentication is the table for source = "manual"',
      daemonSays: 'missing field `attestation`',
    });
  }
  const attestation = table.table('attestation');
  if (attestation.optionalString('method') === 'sas') {
    throw attestation.problem('CONFIG_VALUE', 'method', {
      message: 'is "sas", which is the word for source = "manual"',
      expected: '"symmetric_key", "x509" or "tpm"',
      daemonSays: 'unknown variant `sas`, expected one of `symmetric_key`, `x509`, `tpm`',
    });
  }
  const method = attestation.word('method', ['symmetric_key', 'x509', 'tpm']);
  const proof = { source: 'dps', globalEndpoint, idScope, payloadPath: readPayload(table, version) } as const;
  switch (method) {
    case 'symmetric_key': {
      const registrationId = attestation.string('registration_id');
      const key = readSymmetricKey(attestation, 'symmetric_key');
      return { ...proof, registrationId, credential: { kind: 'symmetric-key', key } };
    }
    case 'x509': {
      const id = attestation.optionalString('registration_id');
      return { ...proof, ...readX509Identity(attestation, { kind: 'dps', id }, version) };
    }
    case 'tpm':
      return { ...proof, registrationId: attestation.string('registration_id'), credential: { kind: 'tpm' } };
  }
}

function readEndpoint(table: ConfigTable, version: EdgeVersion): string {
  const text = table.string('global_endpoint');
  const url = URL.parse(text);
  if (url === null) {
    throw table.problem('CONFIG_VALUE', 'global_endpoint', {
      message: `is ${JSON.stringify(text)}`,
      expected: 'a URL, e.g. "https://global.azure-devices-provisioning.net"',
      daemonSays: 'relative URL without a base',
      hint: 'Put https:// before the host name.',
    });
  }
  if (url.pathname !== '/' && version >= '1.3') {
    table.notice('endpoint-path', 'global_endpoint', `has the path ${url.pathname}, which is dropped`);
  }
  return text;
}

function readSymmetricKey(table: ConfigTable, key: string): KeySource {
  const masked = table.masked(untagged('SymmetricKey'));
  const forms = `${key} = { value = "<base64>" } or { uri = "file:///…" } or { uri = "pkcs11:…" }`;
  if (table.has(key) && !table.isTable(key)) {
    throw masked.problem('CONFIG_TYPE', key, {
      message: 'is not a table',
      expected: forms,
      hint: 'Write the key as { value = "…" }.',
    });
  }
  const source = table.table(key).masked(untagged('SymmetricKey'));
  const uri = source.optionalString('uri');
  if (source.has('value')) {
    if (uri !== undefined) source.notice('ignored-key', 'uri', 'stands beside value and is ignored');
    return readInlineKey(source, 'value');
  }
  if (uri === undefined)
    throw source.problem('CONFIG_MISSING', undefined, {
      message: 'has neither value nor uri',
      expected: forms,
    });
  const location = parseKeyLocation(uri);
  if (location.kind === 'wrong') throw source.problem('CONFIG_VALUE', 'uri', location);
  if (location.notice !== undefined) source.notice('ignored-part', 'uri', location.notice);
  if (location.value.kind === 'file') {
    const message = 'the bytes of this file are the key as they are: base64 in it is not decoded';
    source.notice('raw-key-file', 'uri', message);
  }
  return location.value;
}

function readPayload(table: ConfigTable, version: EdgeVersion): string | undefined {
  if (!edgeProfiles[version].payload) {
    if (table.has('payload'))
      table.notice('ignored-key', 'payload', 'is unknown before 1.4 and ignored without a word');
    return undefined;
  }
  const payload = table.optionalTable('payload');
  if (payload === undefined) return undefined;
  const uri = payload.string('uri');
  const path = parseFileUri(uri);
  if (path.kind === 'found') return path.value;
  const daemonSays = /^file:/i.test(uri) ? 'payload uri is not a file path' : 'payload uri is not a file';
  throw payload.problem('CONFIG_VALUE', 'uri', { ...path, daemonSays });
}
