/** The variables by which an application finds its vector store: as they are set here, and as they must be for Chroma. */
import { chromaPort, printableAddress } from "../../store/address.ts";
import type { StoreIdentity } from "../../store/port.ts";
import type { Environment } from "../../util/environment.ts";
import type { ComposeFile } from "./compose.ts";

/** One place where a variable is set. */
export interface VariablePlace {
  /** `environment`, `.env`, or a service of a compose file. */
  readonly where: string;
  /** A key's is never told. */
  readonly value: string;
}

export interface VariableChange {
  readonly name: string;
  readonly places: readonly VariablePlace[];
  /** The value that it must get; "" = it must be unset; null = it stays as it is. */
  readonly becomes: string | null;
  readonly why: string;
}

/** A migration's collections by their names at both ends. */
export interface Renamed {
  readonly source: string;
  readonly target: string;
}

const qdrantNames = [
  "QDRANT_URL",
  "QDRANT_HOST",
  "QDRANT_PORT",
  "QDRANT_GRPC_PORT",
  "QDRANT_API_KEY",
] as const;

const chromaNames = [
  "CHROMA_HOST",
  "CHROMA_PORT",
  "CHROMA_USE_HTTPS",
  "CHROMA_TENANT",
  "CHROMA_DATABASE",
  "CHROMA_API_KEY",
] as const;

/** Every variable that is looked for. */
export const storeVariables: ReadonlySet<string> = new Set([
  "VECTOR_DB_TYPE",
  "USE_QDRANT",
  "VECTOR_DB_PATH",
  "VECTOR_COLLECTION_NAME",
  ...chromaNames,
  ...qdrantNames,
]);

const keyName = /KEY|TOKEN|PASSWORD|SECRET/;

/** What each variable is and must become for `chroma`: those that are set somewhere, and those that Chroma needs. */
export function variableChanges(
  chroma: StoreIdentity | null,
  environment: Environment,
  compose: readonly ComposeFile[],
  renamed: readonly Renamed[],
): VariableChange[] {
  return [...storeVariables].flatMap((name) => {
    const places = placesOf(name, environment, compose);
    const wanted = becomes(name, chroma, places, renamed, compose);
    if (wanted.becomes === null && places.length === 0) return [];
    return [{ name, places, ...wanted }];
  });
}

/** The lines of a `.env` for `changes`, those that are unset as comments. */
export function environmentLines(changes: readonly VariableChange[]): string[] {
  return changes.flatMap(({ name, becomes }) => {
    if (becomes === null) return [];
    return [becomes === "" ? `# ${name} unset` : `${name}=${becomes}`];
  });
}

function placesOf(
  name: string,
  environment: Environment,
  compose: readonly ComposeFile[],
): VariablePlace[] {
  const own = environment(name);
  const here = own === undefined ? [] : [{ where: own.from, value: shown(name, own.text) }];
  const there = compose.flatMap(({ file, services }) =>
    services.flatMap((service) => {
      const value = service.variables[name];
      if (value === undefined) return [];
      return [{ where: `${file}, service ${service.name}`, value: shown(name, value) }];
    }),
  );
  return [...here, ...there];
}

function shown(name: string, value: string): string {
  if (keyName.test(name)) return "(a key)";
  return printableAddress(value);
}

function becomes(
  name: string,
  chroma: StoreIdentity | null,
  places: readonly VariablePlace[],
  renamed: readonly Renamed[],
  compose: readonly ComposeFile[],
): Pick<VariableChange, "becomes" | "why"> {
  const isQdrant = qdrantNames.some((one) => one === name);
  if (isQdrant) return { becomes: null, why: "not asked once VECTOR_DB_TYPE is chromadb" };
  if (name === "VECTOR_DB_TYPE") return { becomes: "chromadb", why: "chooses Chroma" };
  if (name === "USE_QDRANT" && places.length > 0)
    return { becomes: "false", why: "programs that could do both look here" };
  if (name === "VECTOR_COLLECTION_NAME") return collectionName(places, renamed);
  const within = name === "CHROMA_HOST" ? withinText(compose) : "";
  return { becomes: chromaValue(name, chroma, places.length > 0), why: chromaWhy(name) + within };
}

/** A name that the migration changed is changed back. */
function collectionName(
  places: readonly VariablePlace[],
  renamed: readonly Renamed[],
): Pick<VariableChange, "becomes" | "why"> {
  const back = renamed.filter(({ target }) => places.some(({ value }) => value === target));
  const [only] = back;
  if (back.length > 1)
    return { becomes: null, why: "several collections of Chroma went there: name the one meant" };
  if (only === undefined || only.source === only.target)
    return { becomes: null, why: "the same name at both ends" };
  return { becomes: only.source, why: "the collection's name at Chroma" };
}

function chromaValue(name: string, chroma: StoreIdentity | null, isSet: boolean): string | null {
  if (chroma === null || !URL.canParse(chroma.address)) return null;
  const { hostname, port, protocol } = new URL(chroma.address);
  const isTls = protocol === "https:";
  switch (name) {
    case "CHROMA_HOST":
      return hostname;
    case "CHROMA_PORT":
      return port || String(isTls ? 443 : chromaPort);
    case "CHROMA_USE_HTTPS":
      return isTls ? "true" : isSet ? "false" : null;
    case "CHROMA_TENANT":
      return named(chroma.tenant, "default_tenant", isSet);
    case "CHROMA_DATABASE":
      return named(chroma.database, "default_database", isSet);
    default:
      return null;
  }
}

/** What is the default need not be said, unless something else is. */
function named(value: string | null, usual: string, isSet: boolean): string | null {
  if (value !== null && value !== usual) return value;
  return isSet ? (value ?? usual) : null;
}

/** Between services of one file a service is called by its name, at the port that it has within. */
function withinText(compose: readonly ComposeFile[]): string {
  const within = compose.flatMap(({ file, services }) =>
    services.some(({ role }) => role === "application")
      ? services
          .filter(({ role }) => role === "chroma")
          .map(({ name }) => `${name} for the services of ${file}`)
      : [],
  );
  return within.map((text) => `; ${text}`).join("");
}

function chromaWhy(name: string): string {
  if (name === "CHROMA_API_KEY") return "Chroma's own key: it must be the right one";
  return chromaNames.some((one) => one === name) ? "where Chroma is" : "not asked by Chroma";
}
