/**
 * Whether a token's resource covers what is asked for: `host/a/b` covers `host/a/b/c` and not `host/a/bc`, the bare host covers
 * everything. Host and path are compared without regard to case; a port in a host is passed over.
 *
 * @param sr as it stands in the token, percent-encoded
 * @param path e.g. `/devices/dev-01/messages/events`, without a query
 */
export function sasResourceCovers(sr: string, host: string, path: string): boolean {
  const [srHost = '', ...prefix] = percentDecoded(sr).toLowerCase().split('/');
  if (withoutPort(srHost) !== withoutPort(host).toLowerCase()) return false;
  const segments = percentDecoded(path).toLowerCase().split('/').slice(1);
  return prefix.filter((segment) => segment !== '').every((segment, index) => segment === segments[index]);
}

/** A stray percent sign leaves the text as it is: it equals nothing of ours then. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The name in a Host header. */
export const withoutPort = (host: string): string => host.replace(/:\d+$/, '');
