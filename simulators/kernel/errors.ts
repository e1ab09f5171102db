/**
 * The error families of dps-rig. Every error has a stable `code`, a `hint` when a person can act, and a `cause`.
 *
 * - peer errors (`TpmResponseError`, `CryptokiError`, `DpsServiceError`, `TransportError`, `CodecError`): what the
 *   other side said; inside a device they become an outcome.
 * - run errors (`ScenarioError`, `ConfigError`, `EnvironmentError`, `UsageError`, `InvariantError`): what the user or we did
 *   wrong; they end the run.
 */
export type ErrorFamily = 'peer' | 'run';

export interface RigErrorOptions {
  /** What a person can do about it; one sentence in the imperative. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** What an error looks like as data: it survives `postMessage` and JSON. */
export interface SerializedError {
  readonly name: string;
  readonly family: ErrorFamily | 'unknown';
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** The fields of the error's own class, e.g. `status` and `errorCode` of a DpsServiceError. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly cause?: SerializedError;
}

export abstract class RigError extends Error {
  abstract readonly family: ErrorFamily;
  /** Stable, for programs: `TPM_RC_INTEGRITY`, `DPS_401002`, `SCENARIO_INVALID`. */
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: RigErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }

  /** The class's own fields, safe to log: never key material, PINs or signatures. */
  details(): Record<string, unknown> {
    return {};
  }
}

/** A TPM answered a command with something other than TPM_RC_SUCCESS (TPM 2.0 Part 2 §6.6). */
export class TpmResponseError extends RigError {
  readonly family = 'peer';
  readonly responseCode: number;
  /** Name without index or subject bits, e.g. `TPM_RC_INTEGRITY`. */
  readonly responseName: string;
  /** e.g. `TPM2_ActivateCredential`. */
  readonly command: string;
  /** What the code points at, and its number counted from 1; absent for format-0 codes and warnings. */
  readonly subject: 'handle' | 'parameter' | 'session' | undefined;
  readonly index: number | undefined;

  constructor(
    fields: {
      responseCode: number;
      responseName: string;
      command: string;
      subject?: 'handle' | 'parameter' | 'session' | undefined;
      index?: number | undefined;
    },
    options: RigErrorOptions = {},
  ) {
    const where = fields.subject === undefined ? '' : ` (${fields.subject} ${fields.index ?? '?'})`;
    const hex = `0x${fields.responseCode.toString(16).toUpperCase().padStart(3, '0')}`;
    super(fields.responseName, `${fields.command}: ${fields.responseName} ${hex}${where}`, options);
    this.responseCode = fields.responseCode;
    this.responseName = fields.responseName;
    this.command = fields.command;
    this.subject = fields.subject;
    this.index = fields.index;
  }

  override details(): Record<string, unknown> {
    const { responseCode, responseName, command, subject, index } = this;
    return { responseCode, responseName, command, subject, index };
  }
}

/** A PKCS#11 function returned something other than CKR_OK. `code` is the CKR name. */
export class CryptokiError extends RigError {
  readonly family = 'peer';
  readonly call: string;
  readonly returnValue: number;

  constructor(name: string, call: string, returnValue: number, options: RigErrorOptions = {}) {
    super(name, `${call}: ${name} (0x${returnValue.toString(16).toUpperCase()})`, options);
    this.call = call;
    this.returnValue = returnValue;
  }

  override details(): Record<string, unknown> {
    return { call: this.call, returnValue: this.returnValue };
  }
}

/** DPS refused: a request-level error body, or a registration that ended as failed or disabled. */
export class DpsServiceError extends RigError {
  readonly family = 'peer';
  /** HTTP status, or the equivalent carried by another protocol. */
  readonly status: number;
  /** `errorCode` of the body (for example 401002); absent when the service sent none. */
  readonly errorCode: number | undefined;
  readonly trackingId: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    fields: {
      status: number;
      errorCode?: number | undefined;
      message: string;
      trackingId?: string | undefined;
      retryAfterSeconds?: number | undefined;
    },
    options: RigErrorOptions = {},
  ) {
    super(`DPS_${fields.errorCode ?? fields.status}`, fields.message, options);
    this.status = fields.status;
    this.errorCode = fields.errorCode;
    this.trackingId = fields.trackingId;
    this.retryAfterSeconds = fields.retryAfterSeconds;
  }

  override details(): Record<string, unknown> {
    const { status, errorCode, trackingId, retryAfterSeconds } = this;
    return { status, errorCode, trackingId, retryAfterSeconds };
  }
}

/** The IoT Hub refused. `code` is `HUB_` and its name for it, e.g. `HUB_DeviceNotFound`, or the status. */
export class HubServiceError extends RigError {
  readonly family = 'peer';
  /** HTTP status, or the equivalent carried by another protocol. */
  readonly status: number;
  /** e.g. `IotHubUnauthorizedAccess`; absent when the hub gave none. */
  readonly errorName: string | undefined;

  constructor(
    fields: { status: number; errorName?: string | undefined; message: string },
    options: RigErrorOptions = {},
  ) {
    super(`HUB_${fields.errorName ?? fields.status}`, fields.message, options);
    this.status = fields.status;
    this.errorName = fields.errorName;
  }

  override details(): Record<string, unknown> {
    return { status: this.status, errorName: this.errorName };
  }
}

/** Where on the way to a peer something broke. */
export type TransportPhase =
  | 'resolve'
  | 'connect'
  | 'tls'
  | 'send'
  | 'receive'
  | 'tpm'
  | 'process'
  | 'timeout'
  | 'aborted';

/** The way to a peer failed: nothing was answered, or not in time. `code` is e.g. `ECONNREFUSED`, `TIMEOUT`. */
export class TransportError extends RigError {
  readonly family = 'peer';
  readonly phase: TransportPhase;

  constructor(phase: TransportPhase, code: string, message: string, options: RigErrorOptions = {}) {
    super(code, message, options);
    this.phase = phase;
  }

  override details(): Record<string, unknown> {
    return { phase: this.phase };
  }
}

/** Bytes or text of a peer do not follow the format. `offset` counts from the start of the decoded value. */
export class CodecError extends RigError {
  readonly family = 'peer';
  readonly offset: number;
  readonly expected: string;

  constructor(message: string, offset: number, expected: string, options: RigErrorOptions = {}) {
    super('CODEC', `${message} at offset ${offset}: expected ${expected}`, options);
    this.offset = offset;
    this.expected = expected;
  }

  override details(): Record<string, unknown> {
    return { offset: this.offset, expected: this.expected };
  }
}

/** The scenario file (or another file of the user's) is wrong. Exit code 2. */
export class ScenarioError extends RigError {
  readonly family = 'run';
  readonly file: string;
  /** Counted from 1. */
  readonly line: number | undefined;
  /** Dotted path of the key, e.g. `fleet.0.attestation`. */
  readonly key: string | undefined;

  constructor(
    fields: { file: string; line?: number | undefined; key?: string | undefined; message: string },
    options: RigErrorOptions = {},
  ) {
    const line = fields.line === undefined ? '' : `:${fields.line}`;
    const key = fields.key === undefined ? '' : ` ${fields.key}:`;
    super('SCENARIO_INVALID', `${fields.file}${line}:${key} ${fields.message}`, options);
    this.file = fields.file;
    this.line = fields.line;
    this.key = fields.key;
  }

  override details(): Record<string, unknown> {
    return { file: this.file, line: this.line, key: this.key };
  }
}

/** What is wrong with the configuration of a device. */
export type ConfigErrorCode =
  | 'CONFIG_UNREADABLE'
  | 'CONFIG_SYNTAX'
  | 'CONFIG_MISSING'
  | 'CONFIG_TYPE'
  | 'CONFIG_VALUE'
  | 'CONFIG_CONFLICT'
  | 'CONFIG_UNSUPPORTED';

/** The configuration of a device is one that the device would refuse. Exit code 2. */
export class ConfigError extends RigError {
  readonly family = 'run';
  readonly file: string;
  /** Counted from 1, as `column`. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Dotted, e.g. `provisioning.attestation.method`. */
  readonly key: string | undefined;
  readonly expected: string | undefined;
  /** What the software on the device prints in its place: often less. */
  readonly daemonSays: string | undefined;

  constructor(
    code: ConfigErrorCode,
    fields: {
      file: string;
      line?: number | undefined;
      column?: number | undefined;
      key?: string | undefined;
      message: string;
      expected?: string | undefined;
      daemonSays?: string | undefined;
    },
    options: RigErrorOptions = {},
  ) {
    const { file, line, column, key, message, expected, daemonSays } = fields;
    const place = [file, line, column].filter((part) => part !== undefined).join(':');
    const of = key === undefined ? '' : `${key}: `;
    super(
      code,
      `${place}: ${of}${message}${expected === undefined ? '' : `; expected ${expected}`}`,
      options,
    );
    this.file = file;
    this.line = line;
    this.column = column;
    this.key = key;
    this.expected = expected;
    this.daemonSays = daemonSays;
  }

  override details(): Record<string, unknown> {
    const { file, line, column, key, expected, daemonSays } = this;
    return { file, line, column, key, expected, daemonSays };
  }
}

/** The command line is wrong. Exit code 2. */
export class UsageError extends RigError {
  readonly family = 'run';

  constructor(message: string, options: RigErrorOptions = {}) {
    super('USAGE', message, options);
  }
}

/** Something this machine must provide is missing or did not start. Exit code 3. */
export class EnvironmentError extends RigError {
  readonly family = 'run';
  readonly component: string;
  readonly lastLogLines: readonly string[];

  constructor(
    component: string,
    message: string,
    options: RigErrorOptions & { readonly lastLogLines?: readonly string[] } = {},
  ) {
    super('ENVIRONMENT', `${component}: ${message}`, options);
    this.component = component;
    this.lastLogLines = options.lastLogLines ?? [];
  }

  override details(): Record<string, unknown> {
    return { component: this.component, lastLogLines: this.lastLogLines };
  }
}

/** A bug in dps-rig. Exit code 1. */
export class InvariantError extends RigError {
  readonly family = 'run';

  constructor(message: string, options: RigErrorOptions = {}) {
    super('INVARIANT', message, { hint: 'This is a bug in dps-rig; please report it.', ...options });
  }
}

/** Any thrown value as an Error, so that `catch` blocks can go on with one type. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Any thrown value as plain data, for `postMessage` and reports. */
export function serializeError(thrown: unknown): SerializedError {
  const error = toError(thrown);
  const nodeCode = (error as { code?: unknown }).code;
  const common = {
    name: error.name,
    message: error.message,
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
  if (error instanceof RigError) {
    return {
      ...common,
      family: error.family,
      code: error.code,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      details: JSON.parse(JSON.stringify(error.details())) as Record<string, unknown>,
    };
  }
  return {
    ...common,
    family: 'unknown',
    code: typeof nodeCode === 'string' ? nodeCode : error.name,
    details: {},
  };
}
