import { BlockList, isIP } from "node:net";

/** Addresses of this machine and of private networks (RFC 1918, RFC 4193, RFC 3927, RFC 4291). */
const near = new BlockList();
for (const [network, bits] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const)
  near.addSubnet(network, bits, "ipv4");
for (const [network, bits] of [
  ["::1", 128],
  ["fc00::", 7],
  ["fe80::", 10],
] as const)
  near.addSubnet(network, bits, "ipv6");

/** Names that are given within one network alone: by a container's network, a cluster, a router. */
const nearNames = /^[^.]+$|\.(localhost|local|internal|svc|lan|home\.arpa)$/i;

/** Whether `url`'s host is this machine or in its own network, as far as its name or address tells; nobody is asked. */
export function isNearHost(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const family = isIP(host);
  if (family === 0) return nearNames.test(host);
  return near.check(host, family === 4 ? "ipv4" : "ipv6");
}
