import { describe, expect, it } from 'vitest';
import { claimSlots, shareSlots } from './shared-slots.ts';

const slot = (data: number, where = 'container a') => ({
  host: '127.0.0.1',
  ports: { data, control: data + 1 },
  where,
});

describe('slots that threads share', () => {
  it('gives each to one thread, until it is given back', () => {
    const shared = shareSlots([slot(1), slot(3), slot(5)]);
    const first = claimSlots(shared, 2);
    const second = claimSlots(shared, 2);
    expect(first.slots.map(({ ports }) => ports.data)).toEqual([1, 3]);
    expect(second.slots.map(({ ports }) => ports.data)).toEqual([5]);
    expect(() => claimSlots(shared, 1)).toThrow('none of 3 TPM slots is free');
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(claimSlots(shared, 1).slots.map(({ ports }) => ports.data)).toEqual([1]);
  });

  it('are of different containers for one thread, as far as there are some', () => {
    const shared = shareSlots([slot(1), slot(3), slot(5, 'container b'), slot(7, 'container b')]);
    const { slots } = claimSlots(shared, 3);
    expect(slots.map(({ ports }) => ports.data)).toEqual([1, 5, 3]);
    expect(claimSlots(shared, 3).slots.map(({ ports }) => ports.data)).toEqual([7]);
  });
});
