/** The flags of `vecferry serve`. */
import type { FlagTable } from "./setting.ts";
import { listenAddress, onOff, ownGrpcPort, text, wholeNumber } from "./values.ts";

/** How the embedded Qdrant is served. */
export const serveFlags = {
  port: {
    flag: "--port <port>",
    help: "port of the REST API; default 6333, 0 = any that is free",
    schema: wholeNumber(0, 65_535),
  },
  grpcPort: {
    flag: "--grpc-port <port>",
    help: "port of the gRPC API; default the REST port + 1 (REST alone where that is taken), 0 = any that is free, off = none",
    schema: ownGrpcPort,
  },
  host: {
    flag: "--host <address>",
    help: "address to listen on; default 127.0.0.1",
    schema: listenAddress,
  },
  apiKey: {
    flag: "--api-key <key>",
    variable: "QDRANT__SERVICE__API_KEY",
    help: "key that callers must give (the process list shows it: better in a file or the variable)",
    schema: text,
    secret: true,
  },
  apiKeyFile: {
    flag: "--api-key-file <file>",
    help: "file that holds the key alone",
    schema: text,
  },
  readOnlyApiKey: {
    flag: "--read-only-api-key <key>",
    variable: "QDRANT__SERVICE__READ_ONLY_API_KEY",
    help: "key that is good for reading alone",
    schema: text,
    secret: true,
  },
  readOnlyApiKeyFile: {
    flag: "--read-only-api-key-file <file>",
    help: "file that holds that key alone",
    schema: text,
  },
  insecure: {
    flag: "--insecure",
    help: "listen on an address that others reach although no key is given",
    schema: onOff,
  },
  allowUrlRecovery: {
    flag: "--allow-url-recovery",
    help: "let callers recover a snapshot from an http or https address, which this process then fetches",
    schema: onOff,
  },
} as const satisfies FlagTable;
