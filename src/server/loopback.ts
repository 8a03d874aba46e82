/** Names under which a machine speaks to itself. */

const loopbackHost =
  /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Whether a Host header, or the host of an origin, names this machine to itself. */
export function isLoopbackHost(host: string): boolean {
  return loopbackHost.test(host);
}

/** The host in the address of a request without a Host header, which HTTP/1.0 allows: no name that anything has (RFC 6761). */
export const noHost = "no-host.invalid";
