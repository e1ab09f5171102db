import { type EdgeVersion, edgeProfiles } from '../platforms/profiles.ts';
import type { Credential, EdgeConfig } from './edge-config.ts';

/** What a device with this configuration does at its first start, step by step, for people. */
export function describeBehaviour(config: EdgeConfig): readonly string[] {
  const { provisioning, version } = config;
  switch (provisioning.source) {
    case 'none':
      return ['Skips provisioning with IoT Hub; there are local identities only.'];
    case 'external':
      return [`Asks ${provisioning.endpoint} who it is; dps-rig has no such module and stops here.`];
    case 'manual':
      return [
        `Asks nobody who it is: device ${provisioning.deviceId} of ${provisioning.hubHostName}.`,
        ...credentialSteps(provisioning.credential, config),
        ...hubSteps(provisioning.credential, config),
      ];
    case 'dps':
      return [
        ...credentialSteps(provisioning.credential, config),
        `Registers with DPS over HTTPS, api-version ${edgeProfiles[version].dpsApiVersion}, scope ${provisioning.idScope}${idText(provisioning.registrationId)}.`,
        ...challengeSteps(provisioning.credential, version),
        ...tokenSteps(provisioning.credential, version),
        pollStep(version),
        ...hubSteps(provisioning.credential, config),
        restartStep(config),
      ];
  }
}

const idText = (registrationId: string | undefined): string =>
  registrationId === undefined ? '' : `, as ${registrationId}`;

function credentialSteps(credential: Credential, { tpm, version }: EdgeConfig): readonly string[] {
  switch (credential.kind) {
    case 'tpm':
      return [
        `Reads EK and SRK from 0x81010001 and 0x81000001 of its TPM (${tpm.tcti === '' ? 'the loader chooses' : tpm.tcti}), and makes what is missing.`,
      ];
    case 'symmetric-key':
      return [];
    case 'x509': {
      if (credential.certificate.kind === 'file') return [];
      const { method, commonName, autoRenew } = credential.certificate;
      const renewed =
        autoRenew === undefined || version < '1.3' ? '' : `, renewed at ${autoRenew.threshold} of its life`;
      return [`Has a certificate for CN=${commonName ?? '?'} issued (${method})${renewed}.`];
    }
  }
}

function challengeSteps(credential: Credential, version: EdgeVersion): readonly string[] {
  if (credential.kind !== 'tpm') return [];
  const again = edgeProfiles[version].tpmKeysInSecondRequest ? 'with' : 'without';
  return [
    `Sends EK and SRK, is answered 401 with a challenge, activates it in the TPM, and sends the request again ${again} the two keys.`,
  ];
}

function tokenSteps(credential: Credential, version: EdgeVersion): readonly string[] {
  if (credential.kind === 'x509') return ['Proves itself in the TLS handshake; there is no token.'];
  const { sas } = edgeProfiles[version];
  const use =
    sas.newFor === 'request' ? 'a new one for every request' : 'one for the request and all status queries';
  return [`Signs SAS tokens that live ${sas.lifeSeconds} s, ${use}.`];
}

function pollStep(version: EdgeVersion): string {
  const { firstDelayMs, delayMs, most } = edgeProfiles[version].poll;
  const first = firstDelayMs === 0 ? 'at once' : `after ${firstDelayMs / 1000} s`;
  const end = most === undefined ? 'without end' : `${most} times at most`;
  return `Asks for the status ${first} and then every ${delayMs / 1000} s, ${end}; Retry-After is ignored.`;
}

function hubSteps(credential: Credential, { parentHostName }: EdgeConfig): readonly string[] {
  const proof = {
    'symmetric-key': 'the same key',
    x509: 'the same certificate',
    tpm: 'the key that came with the assignment',
  }[credential.kind];
  const by = parentHostName === undefined ? '' : ` by way of its parent ${parentHostName}`;
  return [`Goes to its hub${by} with ${proof}, and sees to the identities of $edgeAgent and $edgeHub.`];
}

function restartStep({ version, reprovisioning }: EdgeConfig): string {
  if (reprovisioning === 'AlwaysOnStartup') return 'Registers again at every start.';
  return edgeProfiles[version].backup === 'skips-dps'
    ? 'At the next start it goes by what it saved and does not ask DPS; `iotedge system reprovision` makes it ask.'
    : 'At the next start it asks DPS again, and goes by what it saved only when DPS does not answer.';
}
