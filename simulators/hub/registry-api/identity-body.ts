import { z } from 'zod';
import { fromBase64 } from '../../kernel/bytes.ts';
import { type HubAuthentication, isSystemModule } from '../hub-identity.ts';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';
import { newKeys } from '../hub-registry.ts';

const symmetricKey = z.object({
  primaryKey: z.string().nullish(),
  secondaryKey: z.string().nullish(),
});
const x509Thumbprint = z.object({
  primaryThumbprint: z.string().nullish(),
  secondaryThumbprint: z.string().nullish(),
});
const authentication = z.object({
  // aziot writes x509 where the registry says selfSigned.
  type: z.enum(['sas', 'selfSigned', 'certificateAuthority', 'none', 'x509']).nullish(),
  symmetricKey: symmetricKey.nullish(),
  x509Thumbprint: x509Thumbprint.nullish(),
});

/** What a client may write of a device; unknown members are passed over, as clients send back what they got. */
export const deviceBody = z.object({
  deviceId: z.string().optional(),
  status: z.enum(['enabled', 'disabled']).nullish(),
  statusReason: z.string().max(128).nullish(),
  authentication: authentication.nullish(),
  capabilities: z.object({ iotEdge: z.boolean().nullish() }).nullish(),
  deviceScope: z.string().nullish(),
  parentScopes: z.array(z.string()).nullish(),
});
export type DeviceBody = z.infer<typeof deviceBody>;

/** What a client may write of a module. */
export const moduleBody = z.object({
  deviceId: z.string().optional(),
  moduleId: z.string().optional(),
  managedBy: z.string().nullish(),
  authentication: authentication.nullish(),
});
export type ModuleBody = z.infer<typeof moduleBody>;

/** Reads a body, or says which member is wrong. */
export function readBodyAs<T>(schema: z.ZodType<T>, body: unknown): { readonly value: T } | HubRefusal {
  const parsed = schema.safeParse(body);
  if (parsed.success) return { value: parsed.data };
  const [issue] = parsed.error.issues;
  return hubRefusals.deserialization(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`);
}

/** Device and module ids as the registry takes them. */
export const isHubId = (id: string): boolean => /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}$/.test(id);

/**
 * How an identity proves itself after a change; empty keys ask for new ones, as the official clients do.
 *
 * @param before what it was until now; kept where the body says nothing
 */
export function readAuthentication(
  given: z.infer<typeof authentication> | null | undefined,
  before: HubAuthentication | undefined,
): HubAuthentication | HubRefusal {
  if (given === null || given === undefined) return before ?? newKeys();
  const thumbprints = given.x509Thumbprint;
  const primaryThumbprint = thumbprints?.primaryThumbprint ?? null;
  const secondaryThumbprint = thumbprints?.secondaryThumbprint ?? null;
  const hasThumbprint = primaryThumbprint !== null || secondaryThumbprint !== null;
  switch (given.type ?? (hasThumbprint ? 'selfSigned' : 'sas')) {
    case 'none':
      return { type: 'none' };
    case 'certificateAuthority':
      return { type: 'certificateAuthority' };
    case 'x509':
    case 'selfSigned':
      if (!hasThumbprint)
        return hubRefusals.argumentInvalid('authentication.x509Thumbprint has no thumbprint');
      return [primaryThumbprint, secondaryThumbprint].every((one) => one === null || isThumbprint(one))
        ? { type: 'selfSigned', primaryThumbprint, secondaryThumbprint }
        : hubRefusals.argumentInvalid('a thumbprint is 40 or 64 hexadecimal digits');
    case 'sas':
      return readKeys(given.symmetricKey, before);
  }
}

function readKeys(
  given: z.infer<typeof symmetricKey> | null | undefined,
  before: HubAuthentication | undefined,
): HubAuthentication | HubRefusal {
  const made = before?.type === 'sas' ? before : newKeys();
  if (made.type !== 'sas') return made;
  const primaryKey = given?.primaryKey || made.primaryKey;
  const secondaryKey = given?.secondaryKey || made.secondaryKey;
  return isKey(primaryKey) && isKey(secondaryKey)
    ? { type: 'sas', primaryKey, secondaryKey }
    : hubRefusals.argumentInvalid('a symmetric key is base64 of 16 to 64 bytes');
}

function isKey(text: string): boolean {
  try {
    const { length } = fromBase64(text);
    return length >= 16 && length <= 64;
  } catch {
    return false;
  }
}

const isThumbprint = (text: string): boolean =>
  /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/i.test(text.replaceAll(':', ''));

/** The modules of the edge runtime cannot be added or removed by hand. */
export const refuseSystemModule = (moduleId: string): HubRefusal | undefined =>
  isSystemModule(moduleId)
    ? hubRefusals.unauthorized(`${moduleId} belongs to the device and cannot be removed`)
    : undefined;
