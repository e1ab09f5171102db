export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Free data, in which a `null` is a value like any other. */
const free: ReadonlySet<string> = new Set(['initialTwin', 'optionalDeviceInformation']);

/** A copy in which members that are `null` are left out: several clients write what they do not have that way. */
export function withoutNulls(value: unknown): unknown {
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(
    kept.map(([name, member]) => [name, free.has(name) ? member : withoutNulls(member)]),
  );
}
