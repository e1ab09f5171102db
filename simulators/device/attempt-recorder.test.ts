import { describe, expect, it } from 'vitest';
import { createInstantClock } from '../kernel/testing/instant-clock.ts';
import { AttemptRecorder } from './attempt-recorder.ts';

describe('a recorder that absorbs a part', () => {
  it('has its phases, counts and steps, at the times at which they were', async () => {
    const clock = createInstantClock();
    const whole = new AttemptRecorder(clock, true);
    await whole.time('register', 'first', () => clock.sleepMs(5));
    await clock.sleepMs(10);
    const part = new AttemptRecorder(clock, true);
    await clock.sleepMs(1);
    await part.time('register', 'again', () => clock.sleepMs(7));
    part.polls = 2;
    part.retries = 1;
    whole.absorb(part);
    expect(whole.trace('dev-01', { kind: 'aborted' })).toMatchObject({
      phasesMs: { register: 12 },
      totalMs: 23,
      polls: 2,
      retries: 1,
      steps: [
        { step: 'first', atMs: 0, durationMs: 5 },
        { step: 'again', atMs: 16, durationMs: 7 },
      ],
    });
  });
});
