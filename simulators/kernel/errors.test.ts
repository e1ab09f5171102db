import { describe, expect, it } from 'vitest';
import {
  CodecError,
  CryptokiError,
  DpsServiceError,
  EnvironmentError,
  InvariantError,
  type RigError,
  ScenarioError,
  serializeError,
  TpmResponseError,
  TransportError,
  toError,
  UsageError,
} from './errors.ts';

const everyClass: readonly { readonly error: RigError; readonly code: string; readonly family: string }[] = [
  {
    error: new TpmResponseError({
      responseCode: 0x1df,
      responseName: 'TPM_RC_INTEGRITY',
      command: 'TPM2_Import',
      subject: 'parameter',
      index: 1,
    }),
    code: 'TPM_RC_INTEGRITY',
    family: 'peer',
  },
  {
    error: new CryptokiError('CKR_PIN_INCORRECT', 'C_Login', 0xa0),
    code: 'CKR_PIN_INCORRECT',
    family: 'peer',
  },
  {
    error: new DpsServiceError({ status: 401, errorCode: 401002, message: 'Unauthorized', trackingId: 't' }),
    code: 'DPS_401002',
    family: 'peer',
  },
  { error: new DpsServiceError({ status: 502, message: 'Bad Gateway' }), code: 'DPS_502', family: 'peer' },
  { error: new TransportError('connect', 'ECONNREFUSED', 'refused'), code: 'ECONNREFUSED', family: 'peer' },
  { error: new CodecError('size is cut short', 4, '2 bytes'), code: 'CODEC', family: 'peer' },
  {
    error: new ScenarioError({ file: 'a.toml', line: 3, key: 'fleet.0', message: 'no such client' }),
    code: 'SCENARIO_INVALID',
    family: 'run',
  },
  { error: new UsageError('no such option'), code: 'USAGE', family: 'run' },
  {
    error: new EnvironmentError('swtpm', 'is missing', { lastLogLines: ['a'] }),
    code: 'ENVIRONMENT',
    family: 'run',
  },
  { error: new InvariantError('cannot be'), code: 'INVARIANT', family: 'run' },
];

describe('errors', () => {
  it.each(everyClass)(
    '$code has a stable code and a family, and survives postMessage',
    ({ error, code, family }) => {
      expect(error).toMatchObject({ code, family, name: error.constructor.name });
      const serialized = serializeError(error);
      expect(serialized).toMatchObject({ code, family, name: error.name, message: error.message });
      expect(structuredClone(serialized)).toEqual(serialized);
      expect(JSON.parse(JSON.stringify(serialized))).toEqual(serialized);
    },
  );

  it('keep the fields of their class as details', () => {
    const error = new DpsServiceError({
      status: 429,
      errorCode: 429001,
      message: 'slow',
      retryAfterSeconds: 7,
    });
    expect(serializeError(error).details).toEqual({ status: 429, errorCode: 429001, retryAfterSeconds: 7 });
  });

  it('keep their causes and their hint', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const error = new TransportError('connect', 'ECONNREFUSED', 'refused', { cause, hint: 'Start it.' });
    expect(serializeError(error)).toMatchObject({
      hint: 'Start it.',
      cause: { code: 'ECONNREFUSED', family: 'unknown' },
    });
  });

  it.each([
    { thrown: 'text', code: 'Error' },
    { thrown: undefined, code: 'Error' },
    { thrown: new TypeError('x is undefined'), code: 'TypeError' },
  ])('make data of anything that was thrown: $thrown', ({ thrown, code }) => {
    expect(serializeError(thrown)).toMatchObject({ family: 'unknown', code });
    expect(toError(thrown)).toBeInstanceOf(Error);
  });
});
