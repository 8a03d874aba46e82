/** A server's clock, by the Date header of an answer (RFC 9110, 6.6.1), which tells whole seconds. */

/** How far it is ahead of ours, in ms; null where the header is none. The answer came between the two moments. */
export function clockAhead(
  header: string | undefined,
  askedMs: number,
  answeredMs: number,
): number | null {
  const toldMs = Date.parse(header ?? "");
  // What is told was cut to whole seconds: half a second is its middle.
  return Number.isNaN(toldMs) ? null : Math.round(toldMs + 500 - (askedMs + answeredMs) / 2);
}
