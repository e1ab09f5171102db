import {
  type ConfigNotice,
  describeBehaviour,
  type EdgeConfig,
  keyText,
  type TraceStep,
} from '../../simulators/index.ts';
import type { DeviceRun } from '../device/run-device.ts';

/** What was read, in the words of the configuration and without its secrets. */
export function renderConfig(file: string, config: EdgeConfig): string {
  const rows = [
    ['device', `IoT Edge ${config.version} on ${config.platform}, ${config.format} of ${file}`],
    ['host name', config.hostName],
    ['parent', config.parentHostName],
    ...provisioningRows(config),
    ['reprovisioning', config.reprovisioning],
  ].flatMap(([name = '', value]) => (value === undefined ? [] : [`  ${name.padEnd(16)}${value}`]));
  return `read\n${rows.join('\n')}\n`;
}

type Row = readonly [string, string | undefined];

function provisioningRows({ provisioning, tpm }: EdgeConfig): readonly Row[] {
  switch (provisioning.source) {
    case 'none':
      return [['provisioning', 'none']];
    case 'external':
      return [['provisioning', `external, by ${provisioning.endpoint}`]];
    case 'manual':
      return [
        ['provisioning', `manual, device ${provisioning.deviceId} of ${provisioning.hubHostName}`],
        ...credentialRows(provisioning.credential, tpm),
      ];
    case 'dps':
      return [
        ['provisioning', `DPS at ${provisioning.globalEndpoint}, scope ${provisioning.idScope}`],
        ['registration id', provisioning.registrationId ?? '(left to the credential)'],
        ...credentialRows(provisioning.credential, tpm),
        ['payload', provisioning.payloadPath],
      ];
  }
}

type Credential = Extract<EdgeConfig['provisioning'], { source: 'dps' }>['credential'];

function credentialRows(credential: Credential, tpm: EdgeConfig['tpm']): readonly Row[] {
  switch (credential.kind) {
    case 'symmetric-key':
      return [['symmetric key', keyText(credential.key)]];
    case 'tpm': {
      const handle = (0x8100_0000 + tpm.authKeyIndex).toString(16);
      return [['TPM', `tcti ${JSON.stringify(tpm.tcti)}, key at 0x${handle}`]];
    }
    case 'x509': {
      const { certificate, privateKey } = credential;
      const source =
        certificate.kind === 'file' ? `in the file ${certificate.path}` : `issued: ${certificate.method}`;
      return [
        ['certificate', source],
        ['private key', privateKey === undefined ? undefined : keyText(privateKey)],
      ];
    }
  }
}

/** Empty when there is nothing to say. */
export function renderNotices(file: string, notices: readonly ConfigNotice[]): string {
  if (notices.length === 0) return '';
  const lines = notices.flatMap(({ line, key, message, daemonSays, fatal }) => [
    `  ${fatal === true ? '×' : '‼'} ${line === undefined ? '' : `${file}:${line}: `}${key === undefined ? '' : `${key}: `}${message}`,
    ...(daemonSays === undefined ? [] : [`    the device itself says: ${daemonSays}`]),
  ]);
  return `\nnotices\n${lines.join('\n')}\n`;
}

/** What the device does, before it does it. */
export const renderPlan = (config: EdgeConfig): string =>
  `\nwhat happens\n${describeBehaviour(config)
    .map((line, index) => `  ${index + 1}. ${line}`)
    .join('\n')}\n`;

/** A line for a step as it ends. */
export function renderStep({ atMs, durationMs, step, detail }: TraceStep): string {
  if (step === 'log') return `  ${''.padStart(18)}  ${detail}\n`;
  const when = `${Math.round(atMs)} ms`.padStart(9);
  const took = `${durationMs.toFixed(0)} ms`.padStart(8);
  const explained = explanations[step];
  const text = [explained, detail].filter(Boolean).join(': ');
  return `  ${when} ${took}  ${step.padEnd(22)} ${text}\n`;
}

/** What a step is for; other steps speak for themselves. */
const explanations: Readonly<Record<string, string>> = {
  connect: 'TCP and TLS to DPS',
  challenge: 'EK and SRK to DPS, which answers with a challenge that only this TPM can open',
  'tpm.activate': 'the TPM opens what DPS has wrapped for it, and keeps the key',
  'tpm.activate-and-sign': 'the TPM opens the challenge, keeps its key, and signs a token with it',
  'tpm.sign': 'the TPM signs a token',
  'hsm.sign': 'the token of the device signs',
  register: 'the request to register',
  'poll-wait': 'waits as its version does',
  poll: 'asks what became of it',
  'hub.modules': 'the identities of $edgeAgent and $edgeHub, each with its keys',
  'hub.connect': 'to the hub, with what it holds now',
  'hub.telemetry': 'a message, so that the hub has seen it',
};

/** How it ended. */
export function renderOutcome({ trace, modules }: DeviceRun): string {
  const { result } = trace;
  switch (result.kind) {
    case 'assigned': {
      const has = modules.length === 0 ? '' : `, with the modules ${modules.join(', ')}`;
      return `\nprovisioned: ${result.deviceId} in ${result.assignedHub}, connected${has}; ${trace.polls} status queries\n`;
    }
    case 'ended':
      return `\nnot provisioned: DPS ended it as ${result.status}: ${result.message}\n`;
    case 'error': {
      const { code, message, hint } = result.error;
      return `\nnot provisioned: ${code}: ${message}\n${hint === undefined ? '' : `hint: ${hint}\n`}`;
    }
    case 'aborted':
      return '\ninterrupted\n';
  }
}
