import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type DpsOptions, startDps } from '../../simulators/index.ts';
import { openScratchDirectory } from '../../simulators/processes/scratch-directory.ts';
import {
  DEVELOPMENT_GROUP_KEY,
  DEVELOPMENT_SERVICE_KEY,
  openDevelopmentAuthority,
} from '../environment/development-authority.ts';
import { renderBanner } from './emulator-banner.ts';

async function bannerOf(options: DpsOptions, developmentGroup: boolean): Promise<string> {
  await using directory = await openScratchDirectory({ name: 'banner', parent: tmpdir() });
  await using dps = await startDps(options);
  return renderBanner(dps, await openDevelopmentAuthority(directory.path), { developmentGroup });
}

describe('the banner of dps-rig emulate', () => {
  it('marks every well-known credential as for development only', async () => {
    const text = await bannerOf({ serviceKey: DEVELOPMENT_SERVICE_KEY }, true);
    expect(text).toContain(DEVELOPMENT_GROUP_KEY);
    expect(text).toContain(DEVELOPMENT_SERVICE_KEY);
    expect(text.match(/DEVELOPMENT ONLY/g)).toHaveLength(2);
  });

  it('does not mark credentials of one’s own, and shows no well-known ones then', async () => {
    const text = await bannerOf({}, false);
    expect(text).not.toContain('DEVELOPMENT');
    expect(text).not.toContain(DEVELOPMENT_GROUP_KEY);
    expect(text).not.toContain(DEVELOPMENT_SERVICE_KEY);
  });

  it('says in what the emulator is not as usual', async () => {
    expect(await bannerOf({}, false)).not.toContain('not as usual');
    const policies = [{ name: 'reader', rights: ['EnrollmentRead'] as const }];
    const rules = { 'wrong-scope': '404000' } as const;
    const text = await bannerOf({ profile: 'strict', latency: 'realistic', rules, policies }, false);
    expect(text).toContain('profile strict, latency realistic, wrong-scope = 404000');
    expect(text).toContain('SharedAccessKeyName=reader;');
  });
});
