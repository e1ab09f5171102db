import { describe, expect, it } from 'vitest';
import { DpsServiceError, EnvironmentError, InvariantError, TransportError } from '../kernel/errors.ts';
import { resultOfError } from './result-of-error.ts';

const running = new AbortController().signal;
const stopped = AbortSignal.abort();
const abortedError = new TransportError('aborted', 'ABORTED', 'stopped');

describe('resultOfError', () => {
  it('makes a result of what a peer said', () => {
    const error = new DpsServiceError({ status: 401, errorCode: 401002, message: 'Unauthorized' });
    expect(resultOfError(error, running)).toMatchObject({
      kind: 'error',
      error: { code: 'DPS_401002', family: 'peer', details: { status: 401, errorCode: 401002 } },
    });
  });

  it('makes a result of a crash too', () => {
    expect(resultOfError(new TypeError('x is undefined'), running)).toMatchObject({
      kind: 'error',
      error: { code: 'TypeError', family: 'unknown' },
    });
  });

  it('tells a device that was stopped with the run from one that was late', () => {
    expect(resultOfError(abortedError, stopped)).toEqual({ kind: 'aborted' });
    expect(resultOfError(stopped.reason, stopped)).toEqual({ kind: 'aborted' });
    const late = new TransportError('timeout', 'TIMEOUT', 'late');
    expect(resultOfError(late, running)).toMatchObject({ kind: 'error', error: { code: 'TIMEOUT' } });
    expect(resultOfError(abortedError, running)).toMatchObject({ kind: 'error', error: { code: 'ABORTED' } });
  });

  it('keeps a refusal that came in before the run was stopped', () => {
    const error = new DpsServiceError({ status: 404, message: 'unknown' });
    expect(resultOfError(error, stopped)).toMatchObject({ kind: 'error', error: { code: 'DPS_404' } });
  });

  it.each([new InvariantError('cannot be'), new EnvironmentError('swtpm', 'is missing')])(
    'lets an error through that must end the run: $code',
    (error) => {
      expect(() => resultOfError(error, running)).toThrow(error);
    },
  );
});
