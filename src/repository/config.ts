/** What an application says of its vector store, by options and variables: checked as a whole, and put in the order of choice. */
import { z } from "zod";
import { isVectorError, VectorError } from "../errors.ts";
import {
  type Address,
  chromaPort,
  parseAddress,
  printableAddress,
  qdrantPort,
} from "../store/address.ts";
import type { ChromaOptions, ConnectOptions } from "../store/registry.ts";
import type { Environment } from "../util/environment.ts";
import { grpcPort, host, oneOf, onOff, port, text, wholeNumber } from "../util/setting-values.ts";

export type VectorDBType = (typeof vectorDBTypes)[number];

const vectorDBTypes = ["qdrant", "chromadb", "faiss", "embedded"] as const;

/** Where the vector store is and how it is reached. What is left out is taken from the variable, an empty one counting as unset. */
export interface VectorDBSettings {
  /** The address of any store, `:memory:` too: goes before all variables. */
  readonly url?: string | undefined;
  /** VECTOR_DB_TYPE. Without it: Qdrant, by a server or embedded (Chroma where USE_QDRANT is false). */
  readonly type?: VectorDBType | undefined;
  /** A server's host: QDRANT_HOST, or CHROMA_HOST with the type chromadb. */
  readonly host?: string | undefined;
  /** QDRANT_PORT (6333), or CHROMA_PORT (8000). */
  readonly port?: number | undefined;
  /** QDRANT_GRPC_PORT; "off" = REST alone. Default: the port after the REST port, where the same server answers there. */
  readonly grpcPort?: number | "off" | undefined;
  /** QDRANT_API_KEY, or CHROMA_API_KEY. Never printed. */
  readonly apiKey?: string | undefined;
  /** Beside `host`: speak TLS. QDRANT_USE_HTTPS, or CHROMA_USE_HTTPS. */
  readonly https?: boolean | undefined;
  /** PEM file of the authority that signed the server's certificate: QDRANT_CA_FILE, or CHROMA_CA_FILE. */
  readonly caFile?: string | undefined;
  /** Further ways to authenticate at a Chroma. */
  readonly chroma?: ChromaOptions | undefined;
  /** Folder of an embedded Qdrant (default ./qdrant_data) or of FAISS (default ./faiss_data): VECTOR_DB_PATH. */
  readonly path?: string | undefined;
  /** The collection of services that name none: VECTOR_COLLECTION_NAME. */
  readonly collection?: string | undefined;
  /** true = where a configured Qdrant does not answer, the next in the order of choice is taken. Default false: it is an error. */
  readonly fallback?: boolean | undefined;
  /** The longest silence of a server that is borne: VECFERRY_TIMEOUT_MS. Default 120,000. */
  readonly timeoutMs?: number | undefined;
}

/** One store that may be chosen. */
export interface Candidate {
  readonly address: Address;
  /** What names it: an option, a variable, or a default; for the line that tells the choice. */
  readonly named: string;
  /** "configured" = it is this one or an error; "found" = it is this one where it answers. */
  readonly as: "configured" | "found";
}

export interface CheckedConfig {
  /** In the order of choice; at least one. */
  readonly candidates: readonly Candidate[];
  readonly collection: string | null;
  readonly fallback: boolean;
  readonly options: ConnectOptions;
}

const optionSchemas = {
  url: text,
  type: oneOf(vectorDBTypes),
  host,
  port,
  grpcPort,
  apiKey: text,
  https: z.union([z.boolean(), onOff]),
  caFile: text,
  path: text,
  collection: text,
  fallback: z.boolean("must be true or false"),
  timeoutMs: wholeNumber(1, 3_600_000),
};

const variableSchemas = {
  VECTOR_DB_TYPE: oneOf(vectorDBTypes),
  VECTOR_DB_PATH: text,
  VECTOR_COLLECTION_NAME: text,
  USE_QDRANT: onOff,
  QDRANT_URL: text,
  QDRANT_HOST: host,
  QDRANT_PORT: port,
  QDRANT_GRPC_PORT: grpcPort,
  QDRANT_API_KEY: text,
  QDRANT_USE_HTTPS: onOff,
  QDRANT_CA_FILE: text,
  CHROMA_HOST: host,
  CHROMA_PORT: port,
  CHROMA_TENANT: text,
  CHROMA_DATABASE: text,
  CHROMA_API_KEY: text,
  CHROMA_USE_HTTPS: onOff,
  CHROMA_CA_FILE: text,
  VECFERRY_TIMEOUT_MS: wholeNumber(1, 3_600_000),
};

type Values<Schemas extends Record<string, z.ZodType>> = {
  readonly [Name in keyof Schemas]?: z.output<Schemas[Name]>;
};
type Given = Values<typeof optionSchemas>;
type Variables = Values<typeof variableSchemas>;

/** Options that are no settings of a store: whoever reads them checks them. */
const otherOptions = new Set([
  "chroma",
  "embed",
  "model",
  "embedBatchSize",
  "metrics",
  "onChoice",
  "environment",
  "signal",
]);
/** Options that are numbers, and read like the texts of variables. */
const numbers = new Set(["port", "grpcPort", "timeoutMs"]);
const secrets = new Set(["apiKey", "QDRANT_API_KEY", "CHROMA_API_KEY"]);

/** Checks everything that is configured. @throws {VectorError} E_CONFIG that lists every fault; `details.faults` has them one by one */
export function checkConfig(config: VectorDBSettings, environment: Environment): CheckedConfig {
  const faults: string[] = [];
  const given: Given = readOptions(config, faults);
  const variables: Variables = readVariables(environment, faults);
  const candidates = candidatesOf(given, variables, faults);
  if (faults.length > 0) throw misconfigured(faults);
  const timeoutMs = given.timeoutMs ?? variables.VECFERRY_TIMEOUT_MS;
  return {
    candidates,
    collection: given.collection ?? variables.VECTOR_COLLECTION_NAME ?? null,
    fallback: given.fallback ?? false,
    options: {
      qdrant: {
        apiKey: given.apiKey ?? variables.QDRANT_API_KEY,
        caFile: given.caFile ?? variables.QDRANT_CA_FILE,
      },
      chroma: {
        token: given.apiKey ?? variables.CHROMA_API_KEY,
        caFile: given.caFile ?? variables.CHROMA_CA_FILE,
        ...config.chroma,
      },
      timeoutMs,
    },
  };
}

function misconfigured(faults: readonly string[]): VectorError {
  const [only] = faults;
  const list = faults.map((fault) => `\n  - ${fault}`).join("");
  const message =
    faults.length === 1
      ? `The configuration is at fault: ${only}.`
      : `The configuration has ${faults.length} faults:${list}`;
  return new VectorError("E_CONFIG", message, {
    next: "Correct the named options or variables.",
    details: { faults },
  });
}

function readOptions(config: VectorDBSettings, faults: string[]): Given {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(config)) {
    if (value === undefined || otherOptions.has(name)) continue;
    const schema = Object.hasOwn(optionSchemas, name)
      ? optionSchemas[name as keyof typeof optionSchemas]
      : undefined;
    if (schema === undefined) faults.push(`${name} is no option that is known`);
    else {
      const words = numbers.has(name) && typeof value === "number" ? `${value}` : value;
      values[name] = checked(schema, name, words, faults);
    }
  }
  // Each value is its own schema's output, which no way of writing the loop lets TypeScript see.
  return values as Given;
}

function readVariables(environment: Environment, faults: string[]): Variables {
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(variableSchemas)) {
    const variable = environment(name);
    if (variable === undefined) continue;
    const label = variable.from === ".env" ? `${name} (in .env)` : name;
    const value = checked(schema, label, variable.text, faults);
    if (value !== undefined) values[name] = value;
  }
  return values as Variables;
}

function checked(schema: z.ZodType, label: string, value: unknown, faults: string[]): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const shown = secrets.has(label.replace(/ .*/, ""))
    ? ""
    : `, but it is ${JSON.stringify(value).replace(/[^"]*@/, "…@")}`;
  faults.push(`${label} ${result.error.issues[0]?.message ?? "is not right"}${shown}`);
  return undefined;
}

/** The order of choice. */
function candidatesOf(given: Given, variables: Variables, faults: string[]): Candidate[] {
  const { url } = given;
  const type =
    given.type ??
    variables.VECTOR_DB_TYPE ??
    // USE_QDRANT=false is how a program that could do both said that it still uses the other.
    (variables.USE_QDRANT === false ? "chromadb" : undefined);
  if (given.fallback && (type === "chromadb" || type === "faiss"))
    faults.push(`fallback is true, and ${type} has nothing to fall back to`);
  if (url !== undefined) {
    if (given.host !== undefined || given.port !== undefined)
      faults.push("url and host or port are given: one of the two says where the store is");
    const address = addressOf(url, "url", faults);
    if (address === null) return [];
    const { type: asked } = given;
    if (asked !== undefined && !kindsOf[asked].includes(address.kind))
      faults.push(`url names ${words[address.kind]}, and type is ${asked}`);
    if (address.kind === "chroma-folder" || address.kind === "archive")
      faults.push(`url names ${words[address.kind]}, which no application can write to`);
    const first = configured(withGrpc(address, given, variables), "the address given");
    return given.fallback && address.kind === "qdrant"
      ? [first, ...localCandidates(variables), ...embeddedCandidates(given, variables, faults)]
      : [first];
  }
  if (type === "chromadb") return chromaCandidates(given, variables, faults);
  const path = given.path ?? variables.VECTOR_DB_PATH;
  if (type === "faiss") {
    const named = path === undefined ? "the default folder" : pathName(given);
    return [configured({ kind: "faiss", path: path ?? "./faiss_data" }, named)];
  }
  if (type === "embedded") return embeddedCandidates(given, variables, faults);
  const servers = qdrantCandidates(given, variables, faults);
  return type === "qdrant" && !given.fallback
    ? servers
    : [...servers, ...embeddedCandidates(given, variables, faults)];
}

/** What an application may call the kinds of addresses of each type. */
const kindsOf: Readonly<Record<VectorDBType, readonly Address["kind"][]>> = {
  qdrant: ["qdrant", "embedded"],
  chromadb: ["chroma", "chroma-cloud"],
  faiss: ["faiss"],
  embedded: ["embedded"],
};

const words: Readonly<Record<Address["kind"], string>> = {
  qdrant: "a Qdrant server",
  embedded: "an embedded Qdrant",
  chroma: "a Chroma server",
  "chroma-cloud": "a Chroma Cloud",
  "chroma-folder": "a folder of Chroma's",
  faiss: "FAISS files",
  archive: "an archive",
};

/** What the store at `address` is, and where: never a key. */
export function describeAddress(address: Address): string {
  const where = "url" in address ? ` at ${address.url}` : ` in ${address.path}`;
  if (address.kind === "embedded" && address.path === ":memory:")
    return "an embedded Qdrant in memory, which keeps nothing";
  return `${words[address.kind]}${where}`;
}

function configured(address: Address, named: string): Candidate {
  return { address, named, as: "configured" };
}

function pathName(given: Given): string {
  return given.path === undefined ? "VECTOR_DB_PATH" : "path";
}

function qdrantCandidates(given: Given, variables: Variables, faults: string[]): Candidate[] {
  const url = variables.QDRANT_URL;
  if (given.host === undefined && given.port === undefined && url !== undefined) {
    const address = addressOf(url, "QDRANT_URL", faults);
    if (address === null) return [];
    if (address.kind !== "qdrant")
      faults.push(`QDRANT_URL must be http(s)://host:6333, but it is "${printableAddress(url)}"`);
    const first = configured(withGrpc(address, given, variables), "QDRANT_URL");
    return given.fallback ? [first, ...localCandidates(variables)] : [first];
  }
  const hostName = given.host ?? variables.QDRANT_HOST;
  const portNumber = given.port ?? variables.QDRANT_PORT;
  if (hostName === undefined && portNumber === undefined) return localCandidates(variables, given);
  const scheme = (given.https ?? variables.QDRANT_USE_HTTPS) ? "https" : "http";
  const server = `${scheme}://${(hostName ?? "localhost").toLowerCase()}:${portNumber ?? qdrantPort}`;
  const named =
    given.host !== undefined || given.port !== undefined
      ? "host and port given"
      : variables.QDRANT_HOST === undefined
        ? "QDRANT_PORT"
        : "QDRANT_HOST";
  return [
    configured(withGrpc({ kind: "qdrant", url: server, grpcPort: null }, given, variables), named),
  ];
}

function localCandidates(variables: Variables, given: Given = {}): Candidate[] {
  const address = {
    kind: "qdrant",
    url: `http://localhost:${qdrantPort}`,
    grpcPort: null,
  } as const;
  return [
    {
      address: withGrpc(address, given, variables),
      named: `a local server on ${qdrantPort}`,
      as: "found",
    },
  ];
}

function embeddedCandidates(given: Given, variables: Variables, faults: string[]): Candidate[] {
  const path = given.path ?? variables.VECTOR_DB_PATH;
  const memory: Address = { kind: "embedded", path: ":memory:" };
  if (path === undefined)
    return [
      {
        address: { kind: "embedded", path: "./qdrant_data" },
        named: "the default folder",
        as: "found",
      },
      { address: memory, named: "the default folder cannot be made here", as: "configured" },
    ];
  const address = path === ":memory:" ? memory : { kind: "embedded" as const, path };
  if (/^[a-z][a-z0-9+.-]+:/i.test(path) && path !== ":memory:")
    faults.push(
      `${pathName(given)} must be the path of a folder, but it is "${printableAddress(path)}"`,
    );
  return [configured(address, pathName(given))];
}

function chromaCandidates(given: Given, variables: Variables, faults: string[]): Candidate[] {
  const scheme = (given.https ?? variables.CHROMA_USE_HTTPS) ? "chromas" : "chroma";
  const hostName = given.host ?? variables.CHROMA_HOST;
  const portNumber = given.port ?? variables.CHROMA_PORT;
  const named =
    given.host !== undefined || given.port !== undefined
      ? "host and port given"
      : variables.CHROMA_HOST !== undefined
        ? "CHROMA_HOST"
        : variables.CHROMA_PORT !== undefined
          ? "CHROMA_PORT"
          : "Chroma's default address";
  const server = `${scheme}://${hostName ?? "localhost"}:${portNumber ?? chromaPort}`;
  const address = addressOf(server, named, faults);
  if (address?.kind !== "chroma") return [];
  const tenant = variables.CHROMA_TENANT ?? null;
  const database = variables.CHROMA_DATABASE ?? null;
  return [configured({ ...address, tenant, database }, named)];
}

function addressOf(address: string, label: string, faults: string[]): Address | null {
  try {
    return parseAddress(address);
  } catch (error) {
    if (!isVectorError(error)) throw error;
    faults.push(`${label}: ${error.message.replace(/\.$/, "")}`);
    return null;
  }
}

function withGrpc(address: Address, given: Given, variables: Variables): Address {
  if (address.kind !== "qdrant") return address;
  return {
    ...address,
    grpcPort: given.grpcPort ?? address.grpcPort ?? variables.QDRANT_GRPC_PORT ?? null,
  };
}
