import { describe, expect, it } from 'vitest';
import { versionsOf } from '../table.ts';
import { eflowBuilds, eflowVm } from './virtual-machine.ts';

describe('eflowVm', () => {
  it.each([
    ['1.1.2111', 'DESK-01-EFLOW'],
    ['1.4.14.24074', 'DESK-01-EFLOW'],
    ['1.5.1.28104', 'DESK-01-EFLOW-EFLOW'],
    ['1.5.6.08025', 'DESK-01-EFLOW-EFLOW'],
    ['1.5.7.01026', 'DESK-01-EFLOW'],
  ])('is named after its host as %s does it', (build, hostName) => {
    expect(eflowVm('DESK-01', build)).toEqual({ build, hostName, dnsName: `${hostName}.mshome.net` });
  });
});

describe('eflowBuilds', () => {
  it('has builds of every release of the platform, and of no other', () => {
    expect(Object.keys(eflowBuilds)).toEqual(versionsOf('eflow'));
  });
});
