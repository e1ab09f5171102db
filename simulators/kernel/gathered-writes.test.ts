import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { GatheredWrites } from './gathered-writes.ts';

function gather(): { stream: PassThrough; writes: GatheredWrites; seen: string[] } {
  const stream = new PassThrough();
  const seen: string[] = [];
  stream.on('data', (bytes: Buffer) => seen.push(bytes.toString()));
  return { stream, writes: new GatheredWrites(stream), seen };
}

describe('GatheredWrites', () => {
  it('writes what it holds in front of what follows, as one piece', async () => {
    const { writes, seen } = gather();
    writes.hold(Buffer.from('ack '));
    writes.write(Buffer.from('request'));
    await nextTurn();
    expect(seen).toEqual(['ack request']);
  });

  it('writes what nothing follows when the turn ends', async () => {
    const { writes, seen } = gather();
    writes.hold(Buffer.from('a'));
    writes.hold(Buffer.from('b'));
    expect(seen).toEqual([]);
    await nextTurn();
    expect(seen).toEqual(['ab']);
  });

  it('keeps the order over many turns', async () => {
    const { writes, seen } = gather();
    writes.write(Buffer.from('1'));
    writes.hold(Buffer.from('2'));
    await nextTurn();
    writes.hold(Buffer.from('3'));
    writes.write(Buffer.from('4'));
    await nextTurn();
    expect(seen).toEqual(['1', '2', '34']);
  });

  it('drops what it holds when the stream is closed', async () => {
    const { stream, writes, seen } = gather();
    writes.hold(Buffer.from('late'));
    stream.destroy();
    await nextTurn();
    expect(seen).toEqual([]);
  });
});
