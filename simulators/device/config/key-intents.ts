import { nearestWord } from '../../kernel/nearest-word.ts';

/** Other names under which people write a key: those of 1.1, and those of the files that `config apply` generates. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  id_scope: ['scope_id'],
  scope_id: ['id_scope'],
  device_connection_string: ['connection_string'],
  connection_string: ['device_connection_string'],
  parent_hostname: ['gateway_hostname'],
  identity_cert: ['identity_certificate'],
  identity_pk: ['identity_private_key', 'identity_key'],
  registration_id: ['registrationId', 'registrationID'],
  attestation: ['authentication'],
  authentication: ['attestation'],
};

/** What has another name or another form in the other one of config.yaml (1.1) and config.toml (since 1.2). */
const replacements: Readonly<Record<string, string>> = {
  dynamic_reprovisioning: 'since 1.2 it is auto_reprovisioning_mode = "Dynamic", above all tables',
  always_reprovision_on_startup:
    'since 1.2 it is auto_reprovisioning_mode = "AlwaysOnStartup", above all tables',
  auto_reprovisioning_mode:
    'in 1.1 there are provisioning.dynamic_reprovisioning and always_reprovision_on_startup',
  scope_id: 'in config.toml it is id_scope',
  id_scope: 'in config.yaml it is scope_id',
  connection_string: 'in config.yaml it is device_connection_string',
  device_connection_string: 'since 1.2 it is connection_string',
  trusted_ca_certs: 'since 1.2 it is trust_bundle_cert, above all tables',
  device_ca_cert: 'since 1.2 it is [edge_ca] cert',
  device_ca_pk: 'since 1.2 it is [edge_ca] pk',
};

/**
 * What the writer of a key that is ignored probably meant, as the end of a sentence; empty when nobody can tell.
 *
 * @param known keys by the path of their table
 */
export function intentOf(path: readonly string[], known: ReadonlyMap<string, ReadonlySet<string>>): string {
  const key = path.at(-1) ?? '';
  const table = path.slice(0, -1).join('.');
  const elsewhere = [...known].find(([other, keys]) => other !== table && keys.has(key))?.[0];
  if (elsewhere !== undefined) {
    const place = elsewhere === '' ? 'above all tables' : `below [${elsewhere}]`;
    return table === ''
      ? `: it belongs ${place}`
      : `: it belongs ${place}, and what follows [${table}] is part of that table`;
  }
  const replacement = replacements[key];
  if (replacement !== undefined) return `: ${replacement}`;
  const near = nearestWord(key, known.get(table) ?? []);
  return near === undefined ? '' : `; ${near} was probably meant`;
}

/** Names under which people write a key that is missing. */
export const otherNamesOf = (key: string): readonly string[] => otherNames[key] ?? [];
