/** The variables of Chroma's clients and servers, and what takes their place with a Qdrant. */

/**
 * By what follows `CHROMA_` or `CHROMADB_`; null = Qdrant needs nothing of the kind. CHROMA_SERVER_HOST and its port are the client's:
 * they say where the server is (`chromadb/config.py`); a server is told where to listen by its command line.
 */
const prefixed: Readonly<Record<string, string | null>> = {
  HOST: "QDRANT_HOST",
  SERVER_HOST: "QDRANT_HOST",
  PORT: "QDRANT_PORT",
  SERVER_HTTP_PORT: "QDRANT_PORT",
  URL: "QDRANT_URL",
  API_KEY: "QDRANT_API_KEY",
  API_KEY_FILE: "QDRANT_API_KEY_FILE",
  TOKEN: "QDRANT_API_KEY",
  AUTH_TOKEN: "QDRANT_API_KEY",
  CLIENT_AUTH_CREDENTIALS: "QDRANT_API_KEY",
  TOKEN_HEADER: null,
  USER: null,
  PASSWORD: null,
  USE_HTTPS: "QDRANT_USE_HTTPS",
  SSL: "QDRANT_USE_HTTPS",
  SERVER_SSL_ENABLED: "QDRANT_USE_HTTPS",
  CA_FILE: "QDRANT_CA_FILE",
  TENANT: null,
  DATABASE: null,
  COLLECTION: "VECTOR_COLLECTION_NAME",
  COLLECTION_NAME: "VECTOR_COLLECTION_NAME",
  PERSIST_DIRECTORY: null,
  HOST_ADDR: "QDRANT__SERVICE__HOST",
  HOST_PORT: "QDRANT__SERVICE__HTTP_PORT",
  SERVER_CORS_ALLOW_ORIGINS: "QDRANT__SERVICE__ENABLE_CORS",
  SERVER_AUTHN_CREDENTIALS: "QDRANT__SERVICE__API_KEY",
  SERVER_AUTH_CREDENTIALS: "QDRANT__SERVICE__API_KEY",
  SERVER_AUTHN_CREDENTIALS_FILE: null,
  SERVER_AUTHN_PROVIDER: null,
  SERVER_AUTH_PROVIDER: null,
};

/** Those of its server that bear no name of Chroma's. */
const bare: Readonly<Record<string, string | null>> = {
  PERSIST_DIRECTORY: null,
  IS_PERSISTENT: null,
  ALLOW_RESET: null,
  ANONYMIZED_TELEMETRY: "QDRANT__TELEMETRY_DISABLED",
};

const prefixes = ["CHROMA_", "CHROMADB_"] as const;

/** Every variable that is known by its whole name. */
export const chromaVariables: readonly string[] = [
  ...prefixes.flatMap((prefix) => Object.keys(prefixed).map((rest) => `${prefix}${rest}`)),
  ...Object.keys(bare),
];

/** A variable of Chroma's by its name, whether its use is known or not. */
export const chromaVariable = /\bCHROMA(?:DB)?_[A-Z0-9_]*[A-Z0-9]\b/;

/** The variable that takes the place of one of Chroma's; null = none does: it goes with Chroma. */
export function variableInstead(name: string): string | null {
  const rest = name.replace(/^CHROMA(?:DB)?_/, "");
  const table = rest === name ? bare : prefixed;
  return Object.hasOwn(table, rest) ? (table[rest] ?? null) : null;
}
