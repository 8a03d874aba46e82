/** The flags of the two ends: how to reach a Chroma and a Qdrant. */
import { z } from "zod";
import type { FlagTable } from "./setting.ts";
import { grpcPort, headers, host, onOff, port, text, wholeNumber } from "./values.ts";

/** How to reach Chroma: beside an address, or instead of one. */
export const chromaFlags = {
  chromadbHost: {
    flag: "--chromadb-host <host>",
    variable: "CHROMA_HOST",
    help: "host of the Chroma server; default localhost",
    schema: host,
  },
  chromadbPort: {
    flag: "--chromadb-port <port>",
    variable: "CHROMA_PORT",
    help: "its port; default 8000",
    schema: port,
  },
  chromadbUseHttps: {
    flag: "--chromadb-use-https",
    variable: "CHROMA_USE_HTTPS",
    help: "speak TLS to it",
    schema: onOff,
  },
  chromadbCaFile: {
    flag: "--chromadb-ca-file <file>",
    variable: "CHROMA_CA_FILE",
    help: "PEM file of the authority that signed its certificate",
    schema: text,
  },
  chromadbTenant: {
    flag: "--chromadb-tenant <name>",
    variable: "CHROMA_TENANT",
    help: "tenant; default default_tenant on a server, the key's in Chroma Cloud, all in a folder",
    schema: text,
  },
  chromadbDatabase: {
    flag: "--chromadb-database <name>",
    variable: "CHROMA_DATABASE",
    help: "database; default default_database on a server, the key's in Chroma Cloud, all in a folder",
    schema: text,
  },
  chromadbToken: {
    flag: "--chromadb-token <token>",
    variable: "CHROMA_API_KEY",
    help: "token, or Chroma Cloud's key (the process list shows it: better in a file or the variable)",
    schema: text,
    secret: true,
  },
  chromadbTokenFile: {
    flag: "--chromadb-token-file <file>",
    variable: "CHROMA_API_KEY_FILE",
    help: "file that holds the token alone",
    schema: text,
  },
  chromadbTokenHeader: {
    flag: "--chromadb-token-header <name>",
    variable: "CHROMA_TOKEN_HEADER",
    help: "header that bears the token: Authorization (the default on a server) or X-Chroma-Token (in Chroma Cloud)",
    schema: z
      .string()
      .transform((name) => name.toLowerCase())
      .pipe(z.enum(["authorization", "x-chroma-token"], "must be Authorization or X-Chroma-Token")),
  },
  chromadbUser: {
    flag: "--chromadb-user <name>",
    variable: "CHROMA_USER",
    help: "user of basic authentication",
    schema: text,
  },
  chromadbPassword: {
    flag: "--chromadb-password <text>",
    variable: "CHROMA_PASSWORD",
    help: "its password (the process list shows it: better in a file or the variable)",
    schema: text,
    secret: true,
  },
  chromadbPasswordFile: {
    flag: "--chromadb-password-file <file>",
    variable: "CHROMA_PASSWORD_FILE",
    help: "file that holds the password alone",
    schema: text,
  },
  chromadbHeader: {
    flag: "--chromadb-header <header>",
    variable: "CHROMA_HEADER",
    help: "further header, 'Name: value'",
    schema: headers,
    repeat: true,
    secret: true,
  },
} as const satisfies FlagTable;

/** How to reach Qdrant: beside an address, or instead of one. */
export const qdrantFlags = {
  qdrantUrl: {
    flag: "--qdrant-url <address>",
    variable: "QDRANT_URL",
    help: "the whole address, http(s)://host:6333",
    schema: text,
  },
  qdrantHost: {
    flag: "--qdrant-host <host>",
    variable: "QDRANT_HOST",
    help: "host of the Qdrant server; default localhost",
    schema: host,
  },
  qdrantPort: {
    flag: "--qdrant-port <port>",
    variable: "QDRANT_PORT",
    help: "its REST port; default 6333",
    schema: port,
  },
  qdrantGrpcPort: {
    flag: "--qdrant-grpc-port <port>",
    variable: "QDRANT_GRPC_PORT",
    help: "its gRPC port; default the one after the REST port, where the same server answers there; off = REST alone",
    schema: grpcPort,
  },
  qdrantUseHttps: {
    flag: "--qdrant-use-https",
    variable: "QDRANT_USE_HTTPS",
    help: "speak TLS to it",
    schema: onOff,
  },
  qdrantCaFile: {
    flag: "--qdrant-ca-file <file>",
    variable: "QDRANT_CA_FILE",
    help: "PEM file of the authority that signed its certificate",
    schema: text,
  },
  qdrantApiKey: {
    flag: "--qdrant-api-key <key>",
    variable: "QDRANT_API_KEY",
    help: "API key (the process list shows it: better in a file or the variable)",
    schema: text,
    secret: true,
  },
  qdrantApiKeyFile: {
    flag: "--qdrant-api-key-file <file>",
    variable: "QDRANT_API_KEY_FILE",
    help: "file that holds the API key alone",
    schema: text,
  },
} as const satisfies FlagTable;

/** How to reach a Qdrant that is the source: beside its address. The target's key never goes to it. */
export const sourceQdrantFlags = {
  sourceQdrantGrpcPort: {
    flag: "--source-qdrant-grpc-port <port>",
    variable: "SOURCE_QDRANT_GRPC_PORT",
    help: "gRPC port of a Qdrant that is the source; as --qdrant-grpc-port",
    schema: grpcPort,
  },
  sourceQdrantCaFile: {
    flag: "--source-qdrant-ca-file <file>",
    variable: "SOURCE_QDRANT_CA_FILE",
    help: "PEM file of the authority that signed its certificate",
    schema: text,
  },
  sourceQdrantApiKey: {
    flag: "--source-qdrant-api-key <key>",
    variable: "SOURCE_QDRANT_API_KEY",
    help: "its API key (the process list shows it: better in a file or the variable)",
    schema: text,
    secret: true,
  },
  sourceQdrantApiKeyFile: {
    flag: "--source-qdrant-api-key-file <file>",
    variable: "SOURCE_QDRANT_API_KEY_FILE",
    help: "file that holds its API key alone",
    schema: text,
  },
} as const satisfies FlagTable;

/** How long servers are waited for, at both ends. */
export const patienceFlags = {
  timeoutMs: {
    flag: "--timeout-ms <ms>",
    variable: "VECFERRY_TIMEOUT_MS",
    help: "longest silence of a server before a call is tried again; default 120000",
    schema: wholeNumber(1, 3_600_000),
  },
} as const satisfies FlagTable;
