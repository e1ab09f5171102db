import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type EsysFunctionName, esysParameters } from './esys-declarations.ts';
import { c } from './library.ts';

const header = '/usr/include/tss2/tss2_esys.h';

/** C types of tss2_esys.h and the declaration that each must have; a pointer to const is an input. */
function expectedType(parameter: string): unknown {
  const type = parameter.replaceAll(/\s+/g, ' ').trim();
  if (/\*\* ?\w+$/.test(type)) return c.outPointer;
  if (/^ESYS_TR \*rsrc_handle$/.test(type)) return c.inOutUint32;
  if (/^ESYS_TR \*/.test(type)) return c.outUint32;
  if (/^TPMI_YES_NO \*/.test(type)) return c.outUint8;
  if (/\*/.test(type)) return c.pointer;
  if (/^(ESYS_TR|UINT32|TPM2_CAP|TPM2_HANDLE|TPMI_DH_PERSISTENT) /.test(type)) return c.uint32;
  if (/^(UINT16|TPM2_SU|TPMI_ALG_HASH) /.test(type)) return c.uint16;
  if (/^(TPM2_SE|TPMI_YES_NO|TPMA_SESSION) /.test(type)) return c.uint8;
  if (/^INT32 /.test(type)) return c.int32;
  throw new Error(`the test does not know the C type ${type}`);
}

// A wrong declaration is not an error but a crash, so every one is compared with the header where it is installed.
describe.skipIf(!existsSync(header))('the declarations of ESYS (skipped without libtss2-dev)', () => {
  const text = existsSync(header) ? readFileSync(header, 'utf8') : '';

  it.each(Object.keys(esysParameters) as EsysFunctionName[])('%s is declared as in tss2_esys.h', (name) => {
    const prototype = new RegExp(`TSS2_RC\\s+${name}\\s*\\(([^;]*)\\);`).exec(text)?.[1] ?? '';
    const [context, ...parameters] = prototype.split(',');
    expect(context).toMatch(/^\s*ESYS_CONTEXT \*/);
    const declared: readonly unknown[] = esysParameters[name];
    expect(declared).toHaveLength(parameters.length);
    for (const [index, parameter] of parameters.entries()) {
      expect(declared[index], parameter.trim()).toBe(expectedType(parameter));
    }
  });
});
