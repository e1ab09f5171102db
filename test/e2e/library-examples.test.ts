import { describe, expect, it } from 'vitest';
import { runNodeTestExample, runVitestExample } from '../support/library-example.ts';

describe('the examples of the library', () => {
  it('pass in vitest', async () => {
    expect(await runVitestExample('symmetric-key')).toMatch(/Tests +2 passed \(2\)/);
  });

  it('pass in node:test', async () => {
    const output = await runNodeTestExample('tpm.node-test.js');
    expect(output).toMatch(/^# tests 2$/m);
    expect(output).toMatch(/^# pass 2$/m);
  });

  it('say why they skip containers where there is no Docker', async () => {
    const output = await runVitestExample('container', { DOCKER_HOST: 'unix:///dev/null' });
    expect(output).toMatch(/Tests +1 passed \| 1 skipped \(2\)/);
    expect(output).toContain('docker info finds no engine');
  });
});
