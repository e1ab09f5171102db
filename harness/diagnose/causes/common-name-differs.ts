import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** The certificate names another device. */
export const commonNameDiffers: FailureCause = {
  explain: '401002',
  scenario: 'failure/x509/registration-id-is-not-the-cn',
  fix: 'leave registration_id out, or set it to the CN',
  find: (evidence) => {
    const { device } = evidence;
    const [leaf] = device?.chain?.certificates ?? [];
    if (!isRefusedIdentity(evidence) || device === undefined || leaf === undefined) return undefined;
    if (leaf.commonName?.toLowerCase() === device.registrationId.toLowerCase()) return undefined;
    return certain(
      `the CN of the certificate is ${leaf.commonName ?? '(none)'}, the registrationId is ${device.registrationId}`,
    );
  },
};
