/**
 * Whether a Qdrant in a container is ready, asked by what its image has: bash, which opens sockets itself, and Debian's essential
 * programs. There is no curl and no wget in it, and no `/health`; `/readyz` says 200 once every shard is ready, and asks for no key.
 * Its lines end in CR and LF, as HTTP wants: Qdrant takes a bare LF, others answer 400. Neither `$` nor `%`, which compose files, units
 * and shells each read in their own way; a compose file has the backslashes twice, a quadlet as they are.
 */
export const readyScript = String.raw`exec 3<>/dev/tcp/127.0.0.1/6333 && printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3 && head -n 1 <&3 | grep -q ' 200 '`;

/** How often it is asked, how long an answer may take, and after how many failures it counts as unhealthy. */
export const healthTimes = { interval: "30s", timeout: "10s", retries: 3, startPeriod: "30s" };
