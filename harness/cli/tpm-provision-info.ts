import type { TpmDescription } from '../../simulators/index.ts';
import { toBase64 } from '../../simulators/kernel/bytes.ts';
import { EnvironmentError } from '../../simulators/kernel/errors.ts';

/** What an enrollment needs of a TPM, the EK in base64 (TPM2B_PUBLIC). */
interface ProvisionInfo {
  readonly registrationId: string;
  readonly endorsementKey: string;
}

interface ProvisionInfoFormat {
  /** Which of the two registration ids of an EK it prints. */
  readonly form: 'base32' | 'hex';
  render(info: ProvisionInfo): string;
}

const heading = 'Gathering the registration information...';

/**
 * The tools that people use for an enrollment, and what each prints.
 *
 * @see reference of IoT Edge devices, chapter 7
 */
const formats = {
  /** `tpm_device_provision` of the C SDK: CR LF on every system. */
  sdk: {
    form: 'base32',
    render: ({ registrationId, endorsementKey }) =>
      [heading, '', 'Registration Id:', registrationId, '', 'Endorsement Key:', endorsementKey, ''].join(
        '\r\n',
      ),
  },
  /** The documented recipe with tpm2_readpublic, sha256sum and base64. */
  'tpm2-tools': {
    form: 'hex',
    render: ({ registrationId, endorsementKey }) =>
      [heading, '', 'Registration Id:', registrationId, '', 'Endorsement Key:', endorsementKey, ''].join(
        '\n',
      ),
  },
  /** `Get-EflowVmTpmProvisioningInfo | Format-List`: an object with two properties. */
  eflow: {
    form: 'base32',
    render: ({ registrationId, endorsementKey }) =>
      ['', `Endorsement Key : ${endorsementKey}`, `Registration Id : ${registrationId}`, '', '', ''].join(
        '\r\n',
      ),
  },
} as const satisfies Record<string, ProvisionInfoFormat>;

export type ProvisionInfoFormatName = keyof typeof formats;
export const provisionInfoFormats = Object.keys(formats) as readonly ProvisionInfoFormatName[];

/**
 * What a tool that people know prints of this TPM.
 *
 * @throws EnvironmentError when it has no EK where all of them look for it
 */
export function renderProvisionInfo(
  name: ProvisionInfoFormatName,
  { endorsementKey, registrationIds }: Pick<TpmDescription, 'endorsementKey' | 'registrationIds'>,
): string {
  const { form, render } = formats[name];
  if (endorsementKey === undefined || registrationIds === undefined) {
    throw new EnvironmentError('tpm', 'there is no EK at 0x81010001', {
      hint: 'Make one: tpm2_createek -c 0x81010001 -G rsa -u ek.pub',
    });
  }
  return render({
    registrationId: registrationIds[form],
    endorsementKey: toBase64(endorsementKey.publicArea),
  });
}
