import type { ExplanationTable } from '../explanation.ts';

const documented = 'documentation, how-to-troubleshoot-dps (2026)';
const hubEnum = 'public error codes of IoT Hub, shared by DPS';
const refusals = 'conformance/https-refusals.toml';

/** errorCode of the Device Provisioning Service: HTTP status x 1000 + sub-code. */
export const dpsCodes: ExplanationTable = {
  400000: { means: 'The request is malformed in a way that has no sub-code.', source: documented },
  400001: {
    name: 'InvalidProtocolVersion',
    means: 'The api-version is missing or not one that the service knows.',
    source: hubEnum,
    causes: [
      {
        because: 'a hand-written client leaves out `api-version`',
        tell: 'the request line, or `DeviceClientType` and `api-version` of the MQTT user name',
        fix: 'Send api-version=2021-06-01 (devices) or 2021-10-01 (service).',
      },
    ],
  },
  400002: { name: 'DeviceInvalidResultCount', means: 'A query asked for more than it may.', source: hubEnum },
  400003: {
    name: 'InvalidOperation',
    means: 'The operation is not possible in this state.',
    source: hubEnum,
  },
  400004: {
    name: 'ArgumentInvalid',
    means:
      'A value is not allowed: a registrationId with a character that is not, or an endorsement key that is none.',
    source: 'azure-iot-sdk-c 405 and 1955; azure-docs 52813',
    texts: ['Endorsement key is invalid, or does not match the Enrollment', 'Invalid RegistrationId'],
    causes: [
      {
        because:
          'the registrationId (or the CN of the certificate) has a capital letter or another character, under an old api-version',
        tell: 'the id holds something other than a-z, 0-9 and - . _ :',
        fix: 'Use lower-case letters, digits and hyphens, or a client of api-version 2018-11-01 or later.',
        reproduce: 'dps-rig emulate --rule registration-id=lower-case',
      },
      {
        because: 'the endorsement key of the enrollment is cut short or is not a TPM2B_PUBLIC',
        tell: 'base64-decode it: an RSA-2048 EK has 316 bytes and begins 01 3a 00 01',
        fix: 'Take the key from `dps-rig tpm info`, tpm_device_provision or Get-EflowVmTpmProvisioningInfo, whole and on one line.',
      },
      {
        because: 'the body names another registrationId than the path',
        tell: 'compare the two in the request',
        fix: 'Send the same id in both.',
      },
    ],
  },
  400005: { name: 'ArgumentNull', means: 'A value that must be there is missing.', source: hubEnum },
  400006: {
    name: 'IotHubFormatError',
    means: 'The body is no JSON, or not the object that is due here.',
    source: hubEnum,
  },
  400010: { name: 'DeviceTypeNotSupported', means: 'Not possible for this kind of device.', source: hubEnum },
  400011: { name: 'DeviceInvalid', means: 'The identity is not valid.', source: hubEnum },
  400012: {
    name: 'DeserializationError',
    means: 'The body cannot be read as what is due here.',
    source: hubEnum,
  },
  400013: {
    name: 'BulkRegistryOperationFailure',
    means: 'Some operations of a bulk request failed.',
    source: hubEnum,
  },
  400201: {
    name: 'InvalidEndorsementKey',
    means: 'The endorsement key is no TPM2B_PUBLIC of a key that can be used.',
    source: 'name from a published list, number inferred',
  },
  400202: {
    name: 'InvalidRegistrationId',
    means: 'The registrationId has characters or a length that are not allowed.',
    source: 'name from a published list, number inferred',
  },
  400203: {
    name: 'InvalidStorageRootKey',
    means: 'The storage root key is no TPM2B_PUBLIC of a key that can be used.',
    source: 'name from a published list, number inferred',
  },
  400204: {
    name: 'InvalidEnrollmentGroupId',
    means: 'The enrollmentGroupId is not allowed.',
    source: 'name from a published list, number inferred',
  },
  400205: {
    name: 'TooManyEnrollments',
    means: 'More enrollments in one bulk request than it takes (10).',
    source: 'name from a published list, number inferred',
  },
  400206: {
    name: 'RegistrationIdDefinedMultipleTimes',
    means: 'A bulk request names a registrationId twice.',
    source: 'name from a published list, number inferred',
  },
  400207: {
    name: 'CustomAllocationFailed',
    means:
      'The webhook of a custom allocation did not answer with a hub. It comes in the registrationState of a failed registration.',
    source: 'iotedge 3233 and 6697',
    texts: ['Custom allocation failed with status code'],
    causes: [
      {
        because: 'the webhook answered with an error, often only when a device comes again',
        tell: 'the message ends with the status that the webhook gave; its own log has the rest',
        fix: 'Make the function answer 200 with iotHubHostName, also for a device that it knows already.',
      },
      {
        because: 'the webhook named a hub that is not linked, or took too long',
        tell: 'its answer against the list of linked hubs',
        fix: 'Answer with the host name of a linked hub within the time limit.',
      },
    ],
  },
  400208: {
    name: 'CustomAllocationIotHubNotSpecified',
    means: 'There is no hub for the device: none is linked, or the enrollment allows none.',
    source: 'azure-iot-sdk-c, DPS_HUB_ERROR_NO_HUB',
    causes: [
      {
        because: 'no hub is linked to the DPS instance, or the enrollment names one that is not',
        tell: 'linked hubs of the instance, `iotHubs` of the enrollment',
        fix: 'Link a hub, or take the unlinked one out of the enrollment.',
      },
    ],
  },
  400209: {
    name: 'CustomAllocationUnauthorizedAccess',
    means: 'The hub did not let DPS in when it wanted to create the device.',
    source: 'azure-iot-sdk-c, DPS_HUB_ERROR_UNAUTH; azure-iot-sdk-c 1789, iotedge 6675',
    texts: ['ErrorCode:IotHubUnauthorizedAccess'],
    causes: [
      {
        because: 'the key with which the hub was linked has been changed since',
        tell: 'registrations stay assigning for about a minute and then fail, for all devices of that hub',
        fix: 'Link the hub again.',
      },
    ],
  },
  400301: { means: 'A value of a twin or a desired state is not allowed.', source: hubEnum },
  401000: {
    name: 'Unauthorized',
    means: 'The SAS token is expired, or its signature is not made with the key that the service has.',
    source: 'azure-docs 43157, azure-iot-sdk-node 869',
    texts: ['The specified SAS token is expired'],
    causes: [
      {
        because: 'the group key is used as it is, or is derived twice',
        tell: 'HMAC-SHA256 the registrationId with the group key by hand and compare',
        fix: 'Give a device base64(HMAC-SHA256(base64decode(group key), registrationId)), once.',
        reproduce: `${refusals} wrong-key`,
      },
      {
        because:
          'the clock of the device is wrong by more than the life of its token (30 s on IoT Edge 1.2 and later)',
        tell: 'the Date header of the answer against the device’s own time',
        fix: 'Synchronise the clock; after a host sleeps, restart time synchronisation in its VMs.',
        reproduce: `${refusals} expired-sas`,
      },
      {
        because: 'the key file holds base64 text where raw bytes are due (`symmetric_key.uri = "file://…"`)',
        tell: 'the file has 44 or 88 characters of base64 instead of 32 or 64 bytes',
        fix: 'base64 -d it into the file, or write `symmetric_key = { value = "…" }`.',
      },
      {
        because:
          'the string to sign is built wrong: not percent-encoded, no line feed, milliseconds for seconds',
        tell: 'sr must be scope%2Fregistrations%2Fid, then a line feed, then the expiry in seconds',
        fix: 'Take the token that docs/mqtt.md builds by hand as a model.',
      },
    ],
  },
  401001: {
    name: 'IotHubNotFound',
    means: 'The hub is not known. In a failed registration: the linked hub does not exist any more.',
    source: 'terraform-provider-azurerm 10224',
    texts: ['iothub not found'],
    causes: [
      {
        because: 'the linked hub was deleted, or the link is stale',
        tell: 'the host name in the link against the hubs that exist',
        fix: 'Remove the link and link the hub again.',
      },
    ],
  },
  401002: {
    name: 'IotHubUnauthorizedAccess',
    means: 'No enrollment admits this device with what it presented.',
    source: 'azure-iot-sdk-node 532, 547, 721; azure-iot-sdk-csharp 347, 907; azure-iot-sdk-c 437',
    texts: [
      'Invalid certificate',
      'CA certificate not found',
      'Signing certificate info did not match chain elements',
      'IotHubUnauthorizedAccess',
    ],
    causes: [
      {
        because:
          'the certificate is signed by another CA than the enrolled one, or the intermediate was not sent',
        tell: 'message `CA certificate not found`; count the certificates that the device sends in the handshake',
        fix: 'Send leaf and intermediates in one file, leaf first; enroll the CA that signed.',
        reproduce: `${refusals} missing-intermediate`,
      },
      {
        because: 'the root CA is uploaded and not verified',
        tell: 'isVerified of the certificate in the service',
        fix: 'Do the proof of possession, or upload it as verified.',
      },
      {
        because: 'the CN of the certificate is not the registrationId',
        tell: 'openssl x509 -noout -subject against the id in the request',
        fix: 'Leave out registration_id, so that the CN is used, or issue the certificate for it.',
        reproduce: `${refusals} cn-mismatch`,
      },
      {
        because: 'a CA certificate is in an individual enrollment, or the enrolled leaf has been renewed',
        tell: 'the thumbprint of the enrollment against that of the device',
        fix: 'Enroll the leaf itself, or make it a group.',
        reproduce: `${refusals} other-ca`,
      },
      {
        because: 'the EK in the enrollment is not that of the device: a TPM made again, or another template',
        tell: 'the SHA-256 of both keys; a run’s diagnosis shows their first bytes',
        fix: 'Read the EK from the device now and put it in the enrollment; keep the state of a simulated TPM.',
        reproduce: `${refusals} ek-not-enrolled`,
      },
      {
        because: 'there is no enrollment of this registrationId, or the idScope is another instance’s',
        tell: 'the enrollment in the service, letter by letter; the idScope on its overview page',
        fix: 'Create the enrollment, or correct the id or the scope.',
        reproduce: `${refusals} unknown-id`,
      },
    ],
  },
  401003: {
    name: 'IotHubUnauthorized',
    means: 'The proof of identity is not good for this.',
    source: hubEnum,
  },
  403000: {
    means: 'The policy does not include this right, or the enrollment is disabled.',
    source: documented,
  },
  403001: {
    name: 'DeviceMaximumQueueDepthExceeded',
    means: 'The queue of the device is full.',
    source: hubEnum,
  },
  403002: { name: 'IotHubQuotaExceeded', means: 'The daily quota is used up.', source: hubEnum },
  403004: {
    name: 'DeviceMaximumActiveFileUploadLimitExceeded',
    means: 'Too many uploads at once.',
    source: hubEnum,
  },
  404000: { name: 'NotFound', means: 'There is nothing at this path.', source: documented },
  404001: { name: 'DeviceNotFound', means: 'The hub does not know the device.', source: hubEnum },
  404010: {
    name: 'ModuleNotFound',
    means: 'The hub does not know the module of the device.',
    source: hubEnum,
  },
  404103: { name: 'JobNotFound', means: 'There is no such job.', source: hubEnum },
  404201: {
    name: 'EnrollmentNotFound',
    means: 'There is no enrollment with this registrationId.',
    source: `azure-docs 57082; ${documented}`,
    causes: [
      {
        because:
          'the TPM device is not enrolled, or under another id: the two usual tools make different ids of one EK',
        tell: '52 characters of base32 are of the SDK’s tool and of EFLOW, 64 of hex of the tpm2-tools recipe',
        fix: 'Use the same id in the enrollment and on the device.',
        reproduce: `${refusals} unknown-id`,
      },
      {
        because: 'the enrollment was deleted while the device still comes back',
        tell: 'the registration records of the service',
        fix: 'Create it again, or decommission the device.',
      },
    ],
  },
  404202: {
    name: 'DeviceRegistrationNotFound',
    means: 'There is no registration record of this device (also seen for an operationId that is not known).',
    source: `azure-docs 57082; ${documented}`,
  },
  404203: { name: 'AsyncOperationNotFound', means: 'There is no such operationId.', source: documented },
  404204: {
    name: 'EnrollmentGroupNotFound',
    means: 'There is no such enrollment group.',
    source: documented,
  },
  404205: { name: 'DeviceRecordNotFound', means: 'There is no such device record.', source: documented },
  404206: { name: 'GroupRecordNotFound', means: 'There is no such group record.', source: documented },
  404207: { name: 'DeviceGroupNotFound', means: 'There is no such device group.', source: documented },
  404208: { name: 'ProvisioningSettingsNotFound', means: 'There are no such settings.', source: documented },
  404209: {
    name: 'ProvisioningRecordNotFound',
    means: 'There is no such provisioning record.',
    source: documented,
  },
  404210: { name: 'LinkedHubNotFound', means: 'The hub is not linked to the instance.', source: documented },
  404211: {
    name: 'CertificateAuthorityNotFound',
    means: 'There is no such certificate authority.',
    source: documented,
  },
  405000: {
    name: 'MethodNotAllowed',
    means: 'The method is known, and the id is missing in the path.',
    source: documented,
  },
  409001: { name: 'DeviceAlreadyExists', means: 'The hub has a device of this id already.', source: hubEnum },
  409201: {
    name: 'EnrollmentConflict',
    means: 'The enrollment exists already: a PUT without If-Match creates and never replaces.',
    source: documented,
    causes: [
      {
        because: 'the same enrollment is created twice, or two programs create it',
        tell: 'whether it was there before',
        fix: 'Send the etag in If-Match to replace it, or `*` to replace whatever is there.',
      },
    ],
  },
  409202: {
    name: 'EnrollmentGroupConflict',
    means: 'The enrollment group exists already.',
    source: documented,
  },
  409203: {
    name: 'RegistrationStatusConflict',
    means: 'Another registration of the same device is under way.',
    source: documented,
    causes: [
      {
        because:
          'two devices share one registrationId, or one device registers again before its first try has ended',
        tell: 'request log: two addresses, or one device with two operationIds',
        fix: 'Give every device an id of its own; wait for the end of an operation before the next.',
        reproduce: 'dps-rig emulate --rule concurrent-registration=409203',
      },
    ],
  },
  409204: { means: 'A conflict without a published name.', source: documented },
  409205: {
    name: 'DeviceRecordConflict',
    means: 'The device record was changed meanwhile.',
    source: documented,
  },
  409206: {
    name: 'GroupRecordConflict',
    means: 'The group record was changed meanwhile.',
    source: documented,
  },
  409207: {
    name: 'DeviceGroupConflict',
    means: 'The device group was changed meanwhile.',
    source: documented,
  },
  409208: {
    name: 'ProvisioningSettingsConflict',
    means: 'The settings were changed meanwhile.',
    source: documented,
  },
  409209: {
    name: 'ProvisioningRecordConflict',
    means: 'The record was changed meanwhile.',
    source: documented,
  },
  409210: { name: 'LinkedHubConflict', means: 'The linked hub was changed meanwhile.', source: documented },
  409211: {
    name: 'CertificateAuthorityConflict',
    means: 'The certificate was changed meanwhile.',
    source: documented,
  },
  409301: {
    name: 'ModuleAlreadyExistsOnDevice',
    means: 'The device has a module of this id already.',
    source: hubEnum,
  },
  412001: {
    name: 'PreconditionFailed',
    means: 'The etag in If-Match is not that of the record now.',
    source: documented,
    causes: [
      {
        because: 'somebody else changed the record between reading and writing',
        tell: 'read it again and compare',
        fix: 'Read, change, write with the new etag.',
      },
    ],
  },
  412002: { name: 'DeviceMessageLockLost', means: 'The message was completed too late.', source: hubEnum },
  413000: { means: 'The body is larger than the service takes.', source: documented },
  413001: {
    name: 'MessageTooLarge',
    means: 'The message is larger than a hub takes (256 KiB).',
    source: hubEnum,
  },
  413002: {
    name: 'TooManyDevices',
    means: 'More devices in one bulk request than it takes (100).',
    source: hubEnum,
  },
  413003: { name: 'TooManyModulesOnDevice', means: 'A device can have 50 modules.', source: hubEnum },
  415000: {
    name: 'UnsupportedMediaType',
    means: 'Content-Type is not application/json.',
    source: documented,
  },
  429001: {
    name: 'ThrottlingException',
    means: 'A quota is used up for this minute; Retry-After says when to come again.',
    source: documented,
    texts: ['Operations are being throttled for this tenant'],
    causes: [
      {
        because: 'more than 1,000 registrations a minute, or more than 5 status queries of a device in 10 s',
        tell: 'registrations per minute of the run, and the time between status queries',
        fix: 'Spread the start of the fleet; obey Retry-After on register as well as on status queries.',
        reproduce: 'dps-rig emulate --quota-registrations-per-minute 60',
      },
    ],
  },
  429002: { name: 'ThrottleBacklogLimitExceeded', means: 'Too many requests wait already.', source: hubEnum },
  429003: {
    name: 'ThrottlingBacklogTimeout',
    means: 'The request waited too long in the queue.',
    source: hubEnum,
  },
  429005: { name: 'ThrottlingMaxActiveJobCountExceeded', means: 'Too many jobs at once.', source: hubEnum },
  500001: {
    name: 'ServerError',
    means: 'An error inside the service; the trackingId is what its support asks for.',
    source: documented,
  },
  503001: {
    name: 'ServiceUnavailable',
    means: 'The service cannot answer now.',
    source: documented,
    causes: [
      {
        because: 'an outage, or a client that gives up at the first 5xx while it polls',
        tell: 'whether a second try some seconds later succeeds',
        fix: 'Try again with growing delays; a failed status query does not end the operation.',
      },
    ],
  },
};
