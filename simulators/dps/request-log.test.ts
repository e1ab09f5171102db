import { describe, expect, it } from 'vitest';
import type { LoggedRequest } from './dps-control.ts';
import { RequestLog } from './request-log.ts';

const entry = (more: Partial<LoggedRequest> = {}): LoggedRequest => ({
  at: '2026-11-23T00:00:00.0000000Z',
  requestId: 'a',
  method: 'PUT',
  path: '/',
  registrationId: undefined,
  status: 202,
  errorCode: undefined,
  reason: undefined,
  durationMs: 1,
  ...more,
});

describe('the request log', () => {
  it('keeps the last requests, oldest first', () => {
    const log = new RequestLog(2);
    for (const requestId of ['a', 'b', 'c']) log.add(entry({ requestId }));
    expect(log.list().map(({ requestId }) => requestId)).toEqual(['b', 'c']);
    log.clear();
    expect(log.list()).toEqual([]);
  });

  it('keeps no more of what a device wrote than tells one from another', () => {
    const log = new RequestLog();
    const long = 'x'.repeat(16_000);
    log.add(entry({ path: long, registrationId: long, reason: long }));
    expect(JSON.stringify(log.list()).length).toBeLessThan(2_000);
    log.clear();
    log.add(entry());
    expect(log.list()).toEqual([entry()]);
  });
});
