/** api-version that devices send to IoT Hub. */
export const HUB_API_VERSION = '2021-04-12';

/** Application properties travel as HTTP headers, each with this prefix. */
export const HUB_PROPERTY_PREFIX = 'iothub-app-';

/** What a hub sends with a refusal; `Message` is `ErrorCode:<name>;<text>`. */
export interface HubErrorBody {
  readonly Message: string;
  readonly ExceptionMessage: string;
}

/** How a device or module proves itself to its hub. Thumbprints are hexadecimal, SHA-1 or SHA-256, in upper case. */
export type HubAuthentication =
  | { readonly type: 'sas'; readonly primaryKey: string; readonly secondaryKey: string }
  | {
      readonly type: 'selfSigned';
      readonly primaryThumbprint: string | null;
      readonly secondaryThumbprint: string | null;
    }
  | { readonly type: 'certificateAuthority' }
  | { readonly type: 'none' };

/** A device that is made in a hub without DPS. */
export interface ManualDevice {
  readonly deviceId: string;
  readonly authentication: HubAuthentication;
  /** With `$edgeAgent` and `$edgeHub`. Default: not. */
  readonly iotEdge?: boolean | undefined;
}
