import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTwin, patchTwin, replaceTwin } from './twin.ts';

const begun = createTwin({ tags: { floor: 1 }, properties: { desired: { speed: { max: 3, min: 1 } } } });

describe('a twin', () => {
  it('begins with the initial twin, without the members that are the hub’s own', () => {
    const twin = createTwin({ properties: { desired: { a: 1, $version: 9, $metadata: {} } } });
    expect(twin).toMatchObject({ tags: {}, desired: { a: 1 }, desiredVersion: 1, reported: {}, version: 1 });
    expect(Object.keys(twin.desired)).toEqual(['a']);
  });

  it('is patched as RFC 7396 says: objects merge, null removes, all else replaces', () => {
    const twin = patchTwin(begun, { desired: { speed: { max: null, step: 2 }, mode: 'eco' } });
    expect(twin.desired).toEqual({ speed: { min: 1, step: 2 }, mode: 'eco' });
    expect(twin).toMatchObject({ version: 2, desiredVersion: 2, reportedVersion: 1, tags: { floor: 1 } });
    expect(twin.etag).not.toBe(begun.etag);
  });

  it('is replaced in the parts that are given', () => {
    const twin = replaceTwin(begun, { tags: {}, desired: { only: true } });
    expect(twin).toMatchObject({ tags: {}, desired: { only: true }, reported: {} });
    expect(twin.desired).not.toHaveProperty('speed');
  });

  it('takes any JSON as a patch and changes nothing else', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (patch) => {
        const twin = patchTwin(begun, { reported: patch });
        expect(twin.desired).toEqual(begun.desired);
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
        for (const [name, value] of Object.entries(patch)) {
          if (value === null) expect(Object.hasOwn(twin.reported, name)).toBe(false);
        }
      }),
    );
  });
});
