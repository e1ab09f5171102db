import type { ExplanationTable } from '../explanation.ts';

/** What daemons, tools and cmdlets print when the cause is somewhere else; the key is a short name of ours. */
export const deviceSymptoms: ExplanationTable = {
  'tpm-unit-missing': {
    means: 'EFLOW: the VM has no TPM service, so the pass-through cannot be switched on.',
    source: 'iotedge-eflow 120',
    texts: ['Unit tpm.service could not be found'],
    causes: [
      {
        because: 'an EFLOW release in which the unit is missing or has another name',
        tell: 'systemctl list-units "tpm2*" in the VM',
        fix: 'Update EFLOW, then Set-EflowVmFeature -feature DpsTpm -enable.',
      },
    ],
  },
  'tpm-information-missing': {
    means: 'EFLOW: the VM did not get the EK from the host’s TPM.',
    source: 'iotedge-eflow 36, 127, 147',
    texts: ['Retrying to retrieve TPM information', 'TPM provisioning information not available'],
    causes: [
      {
        because: 'the feature DpsTpm is off',
        tell: 'Get-EflowVmFeature -feature DpsTpm',
        fix: 'Set-EflowVmFeature -feature DpsTpm -enable.',
      },
      {
        because: 'the VM does not find its host: a nested VM, or ICMP is blocked',
        tell: 'the ARP table in the VM has no entry for the host',
        fix: 'Allow ICMP from the VM to the host; use an external switch.',
      },
    ],
  },
  'tpm-broker-timeout': {
    means: 'The TPM resource manager did not start within its 25 s.',
    source: 'iotedge-eflow 302',
    texts: ['com.intel.tss2.Tabrmd', 'No user mode TRM found', 'timed out (25000ms)'],
    causes: [
      {
        because: 'what it sits on is not there: the pass-through of EFLOW, or the TPM device',
        tell: 'systemctl status tpm2-abrmd tpm2-socat@2321',
        fix: 'Repair the pass-through first; the broker follows.',
      },
    ],
  },
  'eflow-proxy-down': {
    means: 'EFLOW: the service of the host that lends its TPM to the VM does not run.',
    source: 'iotedge-eflow 38',
    texts: ['EFLOWProxy', 'EFlowProxy'],
    causes: [
      {
        because: 'it runs only while the feature DpsTpm is on',
        tell: 'Get-EflowVmFeature -feature DpsTpm',
        fix: 'Enable the feature; do not start the service by hand.',
      },
    ],
  },
  'eflow-provision-failed': {
    means: 'EFLOW: the wrapper’s word for any failure inside the VM.',
    source: 'iotedge-eflow 135, 289, 316',
    texts: [
      'Failed to provision at line',
      'service not running after provisioning, please investigate manually',
    ],
    causes: [
      {
        because: 'anything that makes the daemon in the VM fail; the inner message is lost',
        tell: 'Connect-EflowVm, then `sudo iotedge check` and `sudo iotedge system logs`',
        fix: 'Repair what the inner message names.',
      },
      {
        because: 'a CA certificate was given as identity certificate',
        tell: 'openssl x509 -noout -ext basicConstraints',
        fix: 'Give the leaf of the device.',
      },
    ],
  },
  'eflow-channel-broken': {
    means: 'EFLOW: the host could not run a command in the VM.',
    source: 'iotedge-eflow 307',
    texts: ['ssh failed to execute'],
    causes: [
      {
        because: 'more than three SSH connections a minute, or 1.5.5',
        tell: 'the version; whether it passes a minute later',
        fix: 'Wait a minute; update EFLOW.',
      },
    ],
  },
  'no-device-backup': {
    means:
      'IoT Edge could not provision and has no identity saved from before. The cause stands in the lines above it.',
    source: 'iotedge 6638; iotedge-eflow 301',
    texts: ['no valid device backup was found', 'DPS client error', 'Hub client error'],
    causes: [
      {
        because: '`DPS client error`: DPS refused, or was not reached',
        tell: 'the message above it, and its code',
        fix: 'As for that code.',
      },
      {
        because: '`Hub client error`: the identity is gone from the hub or disabled',
        tell: 'the device in the hub',
        fix: 'Restore it, or `iotedge system reprovision`.',
      },
    ],
  },
  'key-not-loaded': {
    means: 'The key service of IoT Edge cannot read a key.',
    source: 'iotedge 4853',
    texts: ['could not load key pair', 'is not readable by user', 'key file is empty'],
    causes: [
      {
        because: 'the file or one of its folders is closed to aziotks',
        tell: '`iotedge check`, certs-read and key-pairs-read; on EFLOW /var/aziot is 0750',
        fix: 'chown aziotks, chmod 0600; r and x on every folder above.',
      },
      {
        because: 'the URI names a file that is not there, or is empty',
        tell: 'ls -l of the path in the URI',
        fix: 'Correct the path.',
      },
    ],
  },
  'untagged-enum': {
    means:
      'IoT Edge: the configuration fits none of the forms of this table; the parser does not say what is missing.',
    source: 'iotedge 6170; azure-docs 88585',
    texts: ['data did not match any variant of untagged enum'],
    causes: [
      {
        because: 'a key stands under another table header than its writer thought, or is missing',
        tell: '`dps-rig device --config FILE --dry-run` names line and key',
        fix: 'Uncomment whole blocks, and keep keys under their own header.',
      },
    ],
  },
  'nested-dps': {
    means: 'A device with a parent cannot be provisioned by DPS.',
    source: 'identity service, aziotctl-common config/apply',
    texts: ['DPS provisioning is not supported in nested mode'],
    causes: [
      {
        because: 'parent_hostname and source = "dps" are both set',
        tell: 'the configuration',
        fix: 'Provision it manually.',
      },
    ],
  },
  'poll-limit': {
    means:
      'IoT Edge 1.1 and 1.2 give up when a registration is assigning for more than 13 status queries (two minutes).',
    source: 'identity service 1.2.6, aziot-dps-client-async',
    texts: ['exceeded DPS assignment timeout threshold'],
    causes: [
      {
        because: 'the allocation is slow: a webhook, or a hub that does not answer',
        tell: 'time in assigning; 400209 often follows',
        fix: 'Make the webhook answer at once; link the hub again.',
      },
    ],
  },
  'tpm-not-initialized': {
    means: 'The TPM service of IoT Edge cannot open the TPM.',
    source: 'identity service, aziot-tpmd error.rs',
    texts: [
      'could not initialize TPM',
      'Failed to open default TCTI device file',
      'Permission denied (os error 13)',
    ],
    causes: [
      {
        because: 'the user aziottpm may not open /dev/tpmrm0',
        tell: 'ls -l /dev/tpmrm0',
        fix: 'A udev rule that gives it to aziottpm (0660).',
      },
      {
        because: 'there is no TPM, or it is switched off in the firmware',
        tell: 'ls /dev/tpm*; dmesg',
        fix: 'Enable it, or set [tpm] tcti to where it is.',
      },
    ],
  },
  'certificate-not-created': {
    means: 'IoT Edge could not get an identity certificate.',
    source: 'iotedge 6835; identity service, config/apply',
    texts: [
      'could not create certificate',
      'registration ID is unknown',
      'registration ID is currently required',
    ],
    causes: [
      {
        because: 'the EST server refused or did not answer',
        tell: 'the inner message',
        fix: 'Repair the EST server; restart the identity service.',
      },
      {
        because:
          'registration_id is set without common_name, and is lost when the configuration is applied (1.4 to 1.6)',
        tell: 'no registration_id in /etc/aziot/identityd/config.d/00-super.toml',
        fix: 'Set identity_cert.common_name to the registrationId.',
      },
    ],
  },
  'provisioning-cache': {
    means: 'IoT Edge could not read or clear what it saved of an earlier provisioning.',
    source: 'iotedge 1499, 7411',
    texts: ['Failed to clear provisioning cache', 'Could not restore previous provisioning result'],
    causes: [
      {
        because: 'the saved state is missing or damaged, and DPS is not reached',
        tell: 'files below /var/lib/aziot/identityd',
        fix: 'Restore the network; `iotedge system reprovision`.',
      },
    ],
  },
  'mqtt-needs-x509': {
    means: 'DPS does not offer TPM attestation over MQTT.',
    source: 'azure-iot-sdk-csharp 1215',
    texts: [
      'Security must be of type SecurityProviderX509',
      'SecurityProviderX509 or SecurityProviderSymmetricKey',
    ],
    causes: [
      {
        because: 'a TPM device with an MQTT transport',
        tell: 'the transport in the program',
        fix: 'Use HTTPS or AMQP.',
      },
    ],
  },
  CODEC: {
    means: 'Bytes or text do not follow their format: base64, a TPM structure, JSON.',
    source: 'dps-rig',
    causes: [
      {
        because: 'a key is written without the padding of its base64',
        tell: 'its length is not a multiple of four',
        fix: 'Write the key with its padding.',
        reproduce: 'failure/keys/without-padding.toml',
      },
      {
        because: 'a TPM, or what stands before it, sent less than a whole response',
        tell: 'the size in the header of the response is larger than what came',
        fix: 'Look at what stands between program and TPM: a proxy, a serial line, a broker.',
      },
    ],
  },
  PIN_UNREADABLE: {
    means: 'The file with the PIN of a token cannot be read by this process.',
    source: 'iot-identity-service 325, 334',
    causes: [
      {
        because: 'the service runs as another user than the one who set it up',
        tell: 'read the file as the user of the service: sudo -u USER cat FILE',
        fix: 'Let the user of the service read PIN file and store.',
        reproduce: 'failure/pkcs11/service-is-another-user.toml',
      },
    ],
  },
  CERTIFICATE_KEY_MISMATCH: {
    means: 'The certificate is for another key than the one that it is to be used with.',
    source: 'dps-rig; OpenSSL says "key values mismatch"',
    texts: ['key values mismatch'],
    causes: [
      {
        because: 'key and certificate were renewed apart',
        tell: 'compare openssl x509 -pubkey -noout with openssl pkey -pubout',
        fix: 'Issue the certificate from a request that is made with the key in use.',
      },
    ],
  },
};
