/**
 * Whether a Qdrant in a container is ready, asked by what its image has: bash, which opens sockets itself, and Debian's essential
 * programs. There is no curl and no wget in it, and no `/health`; `/readyz` says 200 once every shard is ready, and asks for no key.
 * Neither `$`, `%` nor a backslash: compose files, units and shells each read those in their own way.
 */
export const readyScript =
  "exec 3<>/dev/tcp/127.0.0.1/6333 && { echo 'GET /readyz HTTP/1.0'; echo; } >&3 && head -n 1 <&3 | grep -q ' 200 '";

/** How often it is asked, how long an answer may take, and after how many failures it counts as unhealthy. */
export const healthTimes = { interval: "30s", timeout: "10s", retries: 3, startPeriod: "30s" };
