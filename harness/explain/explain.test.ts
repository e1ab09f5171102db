import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as pkcs11js from 'pkcs11js';
import { describe, expect, it } from 'vitest';
import { faultKinds, ruleTable, tpmResponseNames } from '../../simulators/schemas.ts';
import { explain, explanations } from './explain.ts';
import type { Explanation } from './explanation.ts';

const codesOf = (query: string): string[] => explain(query).map(({ code }) => code);

/** Every errorCode that the references of DPS name. */
const serviceCodes =
  `400001 400002 400003 400004 400005 400006 400010 400011 400012 400013 400201 400202 400203 400204
  400205 400206 400207 400208 400209 400301 401000 401001 401002 401003 403001 403002 403004 404001 404010 404103 404201
  404202 404203 404204 404205 404206 404207 404208 404209 404210 404211 409001 409201 409202 409203 409205 409211 409301
  412001 412002 413001 413002 413003 429001 429002 429003 429005 500001 503001`.split(/\s+/);

describe('explain', () => {
  it.each(serviceCodes)('knows errorCode %s of the service', (code) => {
    expect(codesOf(code)).toContain(code);
  });

  it.each(tpmResponseNames.map(({ name, number }) => [name, number] as const))(
    'knows TPM_RC_%s by name and by number',
    (name, number) => {
      expect(codesOf(`TPM_RC_${name}`)).toContain(`TPM_RC_${name}`);
      expect(codesOf(`0x${number.toString(16)}`)).toContain(`TPM_RC_${name}`);
    },
  );

  const returnValues = Object.entries(pkcs11js).flatMap(([name, value]) =>
    name.startsWith('CKR_') && typeof value === 'number' ? [[name, value] as const] : [],
  );
  it.each(returnValues)('knows %s, with the number that the module uses', (name, value) => {
    expect(explain(name)).toMatchObject([{ code: name, number: value }]);
  });

  it.each([
    ['0x98E', 'TPM_RC_AUTH_FAIL', 'session 1'],
    ['0x2E5', 'TPM_RC_BINDING', 'parameter 2'],
    ['0x18b', 'TPM_RC_HANDLE', 'handle 1'],
    ['0x0000014c', 'TPM_RC_NV_DEFINED', ''],
    ['0x000B0902', 'TPM_RC_OBJECT_MEMORY', ''],
    ['0x80280400', 'TPM_E_COMMAND_BLOCKED', ''],
    ['LOCKOUT', 'TPM_RC_LOCKOUT', ''],
  ])('takes %s apart as a response code', (query, code, subject) => {
    const [first] = explain(query);
    expect(first?.code).toBe(code);
    expect(first?.means).toContain(subject);
  });

  it.each([
    ['Unit tpm.service could not be found', 'tpm-unit-missing'],
    ['error: Failed to provision at line 2411', 'eflow-provision-failed'],
    ['data did not match any variant of untagged enum ManualProvisioning', 'untagged-enum'],
    ['... no valid device backup was found: DPS client error', 'no-device-backup'],
    ['CA certificate not found', '401002'],
    ['Custom allocation failed with status code: 400', '400207'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'unknown_ca'],
    ['AZIOT_KEYS_RC_ERR_EXTERNAL', 'CKR_GENERAL_ERROR'],
    ['EnrollmentNotFound', '404201'],
    ['alert unknown_ca', 'unknown_ca'],
    ['amqp:unauthorized-access', 'amqp:unauthorized-access'],
    ['CONNACK 5', 'CONNACK 5'],
    ['ECONNREFUSED', 'ECONNREFUSED'],
  ])('finds what stands behind `%s`', (text, code) => {
    expect(codesOf(text)).toContain(code);
  });

  it('answers a bare number for every layer that has it', () => {
    expect(explain('48').map(({ layer }) => layer)).toEqual(['pkcs11', 'tls']);
  });

  it.each(['', ' ', 'x', 'no such thing anywhere', '0x', '999999'])('knows nothing of `%s`', (query) => {
    expect(explain(query)).toEqual([]);
  });
});

describe('every explanation', () => {
  const named = explanations().map((explanation) => [explanation.code, explanation] as const);

  it('has a code of its own', () => {
    const codes = named.map(([code]) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each(named)('of %s reproduces with what there is', (_, { causes = [] }) => {
    for (const { reproduce } of causes) if (reproduce !== undefined) expectReproducible(reproduce);
  });

  it.each(named)('of %s says what it means in sentences', (_, { means, causes = [] }: Explanation) => {
    expect(means).toMatch(/^[\p{Lu}`].*[.]$/u);
    for (const { fix } of causes) expect(fix).toMatch(/[.)]$/);
  });
});

/** `conformance/x.toml fault` or `dps-rig emulate --rule name=value`. */
function expectReproducible(reproduce: string): void {
  const [first = '', ...rest] = reproduce.split(' ');
  if (first === 'dps-rig') {
    const [name = '', value] = reproduce.split('--rule ')[1]?.split('=') ?? [];
    if (name === '') return;
    const variants = Object.entries(ruleTable).find(([rule]) => rule === name)?.[1].variants ?? [];
    expect(variants.map((variant) => variant.value)).toContain(value);
    return;
  }
  const file = fileURLToPath(new URL(`../../scenarios/${first}`, import.meta.url));
  expect(existsSync(file), file).toBe(true);
  const [fault] = rest;
  if (fault === undefined) return;
  expect(faultKinds).toContain(fault);
  expect(readFileSync(file, 'utf8')).toContain(fault);
}
