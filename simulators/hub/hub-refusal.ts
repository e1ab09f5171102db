/** A request that a hub refuses, as a value; a front end maps it to its own protocol. */
export interface HubRefusal {
  readonly kind: 'refused';
  /** HTTP status. */
  readonly status: number;
  /** Six digits: the status and a sub-code. */
  readonly errorCode: number;
  /** The name that clients look for, e.g. `DeviceNotFound`. */
  readonly name: string;
  readonly message: string;
  /** For the operator of the emulator: the true cause. */
  readonly reason: string;
}

const refusal =
  (errorCode: number, name: string, message: string) =>
  (reason: string): HubRefusal => ({
    kind: 'refused',
    status: Math.floor(errorCode / 1000),
    errorCode,
    name,
    message,
    reason,
  });

/** Names and numbers of the public error codes of IoT Hub. */
export const hubRefusals = {
  argumentInvalid: refusal(400004, 'ArgumentInvalid', 'Invalid argument'),
  deserialization: refusal(400012, 'DeserializationError', 'The body cannot be read'),
  invalidApiVersion: refusal(400001, 'InvalidProtocolVersion', 'Invalid API version'),
  unauthorized: refusal(401002, 'IotHubUnauthorizedAccess', 'Unauthorized'),
  hubNotFound: refusal(404001, 'IotHubNotFound', 'IoT hub not found'),
  deviceNotFound: refusal(404001, 'DeviceNotFound', 'Device not found'),
  moduleNotFound: refusal(404010, 'ModuleNotFound', 'Module not found'),
  pathNotFound: refusal(404000, 'NotFound', 'Not found'),
  methodNotAllowed: refusal(405000, 'MethodNotAllowed', 'Method not allowed'),
  deviceExists: refusal(409001, 'DeviceAlreadyExists', 'A device with this id exists already'),
  moduleExists: refusal(409301, 'ModuleAlreadyExistsOnDevice', 'A module with this id exists already'),
  preconditionFailed: refusal(412001, 'PreconditionFailed', 'Precondition failed'),
  messageTooLarge: refusal(413001, 'MessageTooLarge', 'The message is too large'),
  internal: refusal(500001, 'ServerError', 'Server error'),
  tooManyDevices: refusal(413002, 'TooManyDevices', 'Too many devices in one operation'),
  tooManyModules: refusal(413003, 'TooManyModulesOnDevice', 'Too many modules on one device'),
} as const;
