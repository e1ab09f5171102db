import type { AttestationKind, EnrollmentKind } from '../wire/constants.ts';

/** What a device's credentials and its enrollment are made from; a fault changes it before anything is issued. */
export interface IssuePlan {
  readonly enrollment: {
    /** `false`: nobody tells the service of this device. */
    readonly listed: boolean;
    /** Under whose registrationId. */
    readonly registrationId: 'own' | 'another';
    readonly provisioningStatus: 'enabled' | 'disabled';
    /** TPM: whether the EK in the enrollment is this TPM's. */
    readonly endorsementKey: 'own' | 'foreign';
    /** X.509: which certificate it has; a newer one of the same name is for another key. */
    readonly certificate: 'own' | 'root' | 'newer';
    /** Hubs that it is bound to. Default: all. */
    readonly hubs?: readonly string[];
    /** Who is to say which hub. Default: nobody, the service decides. */
    readonly webhookUrl?: string;
  };
  /**
   * Whether the device holds the key that its enrollment knows (a symmetric key, or a certificate's). Of a group:
   * the group's own key, or the key that is derived from the derived one.
   */
  readonly key: 'enrolled' | 'unrelated' | 'of-the-group' | 'derived-twice';
  readonly certificate: {
    readonly commonName: string;
    /** Who signs it: the authority that is enrolled, or one that nobody knows. */
    readonly authority: 'enrolled' | 'unknown';
    readonly sends: 'chain' | 'leaf-only';
    readonly life: 'current' | 'expired' | 'not-yet-valid';
    /** Whether it is for the key that the device holds. */
    readonly certifies: 'own-key' | 'another-key';
  };
  /** TPM: whether the EK that the device presents is this TPM's. */
  readonly presentedEndorsementKey: 'own' | 'foreign' | 'cut' | 'elliptic-curve';
}

/** What the service, or the device's own TPM, must answer to a mistake. Source: dps-protocol §1.5 and §1.6. */
export type ExpectedRefusal =
  | { readonly kind: 'refused'; readonly status: number; readonly errorCode: number }
  /** The operation is accepted and then ends so. */
  | { readonly kind: 'ended'; readonly status: 'disabled' | 'failed' }
  /** The service answers, and the TPM refuses: name of its response code. */
  | { readonly kind: 'tpm'; readonly responseName: string }
  /** The device never gets as far as the service: its token refuses, or it cannot use what it has. */
  | { readonly kind: 'token'; readonly code: string }
  /** What the way to the service comes to: code of the error. */
  | { readonly kind: 'connection'; readonly code: string }
  /** Neither the service nor the device's hardware: what the platform puts between them. */
  | { readonly kind: 'platform'; readonly code: string };

/** The refusal of a SAS token that expired, or that the enrolled key did not sign. */
export const unauthorized = {
  kind: 'refused',
  status: 401,
  errorCode: 401000,
} as const satisfies ExpectedRefusal;

/** The refusal of a device, a certificate or an EK that no enrollment admits. */
export const notAdmitted = {
  kind: 'refused',
  status: 401,
  errorCode: 401002,
} as const satisfies ExpectedRefusal;

/** The refusal of who asks more often than the service allows. */
export const throttled = {
  kind: 'refused',
  status: 429,
  errorCode: 429001,
} as const satisfies ExpectedRefusal;

/** What is wrong with a device's token, or with how the device uses it. */
export interface TokenFault {
  /** Where the device looks instead: attributes of its `pkcs11:` URI, `null` to leave one out. */
  readonly uri?: Readonly<
    Partial<Record<'token' | 'object' | 'pinSource' | 'pinValue' | 'modulePath', string | null>> & {
      readonly id?: null;
    }
  >;
  /** A call that the token refuses, from its `from`th on, counted from 0. */
  readonly refuses?: { readonly call: TokenCall; readonly from?: number; readonly returnName: string };
  /** The slot by its number, as the device was set up, instead of the one with its token. */
  readonly slot?: number;
  /** As whom it logs in. Default: as user. */
  readonly loginAs?: 'security-officer';
  /** The module is initialised again for this device, though it is in use. */
  readonly initializesAgain?: true;
  /** Wrong PINs that somebody has tried before, at a token that locks after so many. */
  readonly wrongPinsBefore?: number;
}

/** What fails between the VM of EFLOW and the TPM of its host. */
export interface PassThroughFault {
  readonly kind: 'feature-off' | 'port-closed' | 'no-answer' | 'stale-address' | 'agent-certificate-expired';
  /** TPM commands that still get through. Default: none. */
  readonly afterCommands?: number;
}

/** What somebody has done to a TPM before the device uses it, or what it does when it is used. */
export type TpmStateFault =
  /** A new endorsement seed, as a software TPM has at each start; the device reads its EK anew. */
  | 'new-endorsement-seed'
  /** Its EK was made from the template of an SDK, not from that of the TCG; the device reads it anew. */
  | 'ek-of-other-template'
  | 'srk-missing'
  /** Firmware made the SRK from another template first. */
  | 'srk-of-firmware'
  /** The device's tool makes EK and SRK where there are some. */
  | 'provisioned-again'
  /** The device keeps its key at 0x81001000, which is taken, and does not look. */
  | 'identity-handle-taken'
  /** The same at 0x81000100, where the keys of two clients would be. */
  | 'usual-handle-taken'
  | 'owner-password'
  | 'endorsement-password'
  | 'sessions-full'
  | 'objects-full'
  /** TPM2_Startup was never sent. */
  | 'not-started'
  /** It takes a command and never answers. */
  | 'hangs'
  /** Windows lets this user not send TPM2_ActivateCredential. */
  | 'command-blocked'
  /** It answers TPM2_ActivateCredential with half a response. */
  | 'cut-response'
  /** Its EK may sign, which swtpm_setup offers, and ActivateCredential fails. */
  | 'signing-ek'
  /** The device looks for its EK where that of another profile would be. */
  | 'ek-of-other-profile'
  /** The daemon of the TPM died after it had said that it runs: its socket is not there. */
  | 'socket-gone'
  /** The device connects to the TPM by IPv6, where it does not listen. */
  | 'other-address-family'
  /** It refuses a digest that software TPMs take. */
  | 'strict-sizes';

/** Calls that a fault can have refused, by their names in PKCS #11. */
type TokenCall = 'C_OpenSession' | 'C_Login' | 'C_SignInit';

/**
 * One deliberate mistake of a device, as changes to honest values. To add one: a file here, its row in `table.ts`.
 */
export interface DeviceFault {
  /** For `list`, one clause: `signs with a key that is not enrolled`. */
  readonly description: string;
  /** What must come of it, for each attestation with which it can be made. */
  readonly expected: Readonly<Partial<Record<AttestationKind, ExpectedRefusal>>>;
  /** Where a group answers otherwise than an individual enrollment: it admits nobody, and so nobody's key is wrong. */
  readonly expectedOfGroup?: Readonly<Partial<Record<AttestationKind, ExpectedRefusal>>>;
  readonly enrollments: readonly EnrollmentKind[];
  /** `native` when the mistake is in a request's content, which an official SDK does not let anybody touch. */
  readonly clients: 'any' | 'native';
  /** Where the device's key must be for it. Default: anywhere, or a token for mistakes with tokens. */
  readonly keyStore?: 'software';
  /** Where alone it can happen. */
  readonly platform?: 'eflow';
  /** Of devices with TPM attestation. */
  readonly passThrough?: PassThroughFault;
  /** The state in which its TPM is, see `device/tpm-state-fault.ts`. */
  readonly tpm?: TpmStateFault;
  /** How far the device's clock is behind: it makes no difference to tokens that live longer. */
  readonly clockLateSeconds?: number;
  /** The device judges the dates of the server's certificate by its own clock, as devices do. */
  readonly judgesDatesByOwnClock?: true;
  /** PEM of the only root that the device trusts. */
  readonly trusts?: string;
  /** Under which name the device registers. */
  readonly registrationId?: (registrationId: string) => string;
  /** The device's key as text. */
  readonly keyText?: (base64: string) => string;
  /** How an error of the device shows to its user, who was told otherwise before. */
  readonly toldAs?: { readonly code: string; readonly message: string };
  /** Before the device exists. */
  readonly issue?: (plan: IssuePlan) => IssuePlan;
  /** Of devices whose key is in a token, and only of those. */
  readonly token?: TokenFault;
  /** Where it finds the service, in place of its port. */
  readonly port?: number;
  /** How long it waits before a status query, by what it was told, seconds. */
  readonly pollSeconds?: (told: number | undefined) => number;
  /** What the device believes its idScope to be. */
  readonly idScope?: (idScope: string) => string;
  /** What it signs in place of `sr`, a line feed and `se`. */
  readonly sasSignedText?: (sr: string, expirySeconds: number) => string;
  /** `se` of its SAS tokens, Unix seconds. */
  readonly sasExpirySeconds?: (expirySeconds: number) => number;
  /** The finished token, after signing. */
  readonly sasToken?: (token: string) => string;
}
