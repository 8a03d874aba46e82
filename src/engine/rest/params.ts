/** Path and query parameters, checked by Qdrant's rules. */
import { z } from "zod";
import type { VectorError } from "../../errors.ts";
import { badInput, invalid } from "../errors.ts";
import type { Members } from "./body.ts";
import type { RestRequest } from "./request.ts";

const nameMax = 255;
const lengthFault = "must be from 1 to 255 characters";

/** Of a collection's name in the path these look at the length alone. */
const lengthAlone: ReadonlySet<RestRequest["operation"]> = new Set([
  "createVectorName",
  "deleteVectorName",
] as const);

/** @throws E_INPUT (422) where the path's name cannot be a collection's */
export function checkCollectionName({ collection: name, operation }: RestRequest): void {
  const fault = name === "" ? null : nameFault(name);
  const isLong = name.length > nameMax;
  if (fault === null || (!isLong && lengthAlone.has(operation))) return;
  const words = isLong ? `value "${name}" invalid, ${lengthFault}` : fault;
  throw invalid(`Validation error in path parameters: [collection_name: ${words}]`);
}

/** What is wrong with a collection's name; null where nothing is. */
export function nameFault(name: string): string | null {
  if (name.length < 1 || name.length > nameMax) return lengthFault;
  const found = ["/", "\0"].find((character) => name.includes(character));
  return found === undefined ? null : `collection name cannot contain "${found}" char`;
}

const orderings = ["weak", "medium", "strong"];
const consistencies = /^(?:majority|quorum|all|[1-9]\d*)$/;

/** What an operation does to points, to collections, or to snapshots; a description of them takes no parameters. */
export type ParamsOf =
  | "read"
  | "write"
  | "collection"
  | "snapshot"
  | "telemetry"
  | "metrics"
  | "description";

/** Those that are read; others may be anything. */
const readParams: Readonly<Record<ParamsOf, readonly string[]>> = {
  read: ["timeout", "consistency"],
  write: ["wait", "ordering", "timeout"],
  collection: ["timeout"],
  snapshot: ["wait"],
  telemetry: ["anonymize", "details_level", "per_collection", "timeout"],
  metrics: ["anonymize", "per_collection", "timeout"],
  description: [],
};

const flags: ReadonlySet<string> = new Set(["wait", "anonymize", "per_collection"]);

/**
 * Checks the parameters that operations have in common. One process keeps any order and is consistent; `timeout` bounds
 * what only reads. @throws E_INPUT (400)
 */
export function checkParams(
  params: RestRequest["params"],
  of: ParamsOf,
  twice: RestRequest["twice"] = [],
): void {
  const names = readParams[of];
  const again = names.find((name) => twice.includes(name));
  if (again !== undefined) throw invalidParam(`duplicate field \`${again}\``);
  for (const name of names) {
    const value = params[name];
    if (value !== undefined) checkParam(name, value, of);
  }
}

function checkParam(name: string, value: string, of: ParamsOf): void {
  if (flags.has(name)) {
    if (value !== "true" && value !== "false")
      throw invalidParam("provided string was not `true` or `false`");
  } else if (name === "timeout") checkTimeout(value, of);
  else if (name === "details_level") checkInteger(value);
  else if (name === "ordering" && !orderings.includes(value))
    throw invalidParam(
      `unknown variant \`${value.slice(0, 40)}\`, expected one of \`weak\`, \`medium\`, \`strong\``,
    );
  else if (name === "consistency" && !consistencies.test(value))
    throw invalidParam(
      `failed to deserialize read consistency query parameter value '${value.slice(0, 40)}'`,
    );
}

function checkInteger(value: string): bigint {
  if (value === "") throw invalidParam("cannot parse integer from empty string");
  if (!/^\+?\d+$/.test(value)) throw invalidParam("invalid digit found in string");
  const integer = BigInt(value.replace("+", ""));
  if (integer > 2n ** 64n - 1n) throw invalidParam("number too large to fit in target type");
  return integer;
}

/** Seconds; 0 where it is a write that does not want to wait. */
function checkTimeout(timeout: string, of: ParamsOf): void {
  if (checkInteger(timeout) > 0n || of === "write") return;
  if (of === "read") throw invalidParam("invalid value: integer `0`, expected a nonzero u64");
  throw invalid(
    "Validation error in query parameters: [timeout: value 0 invalid, must be 1 or larger]",
  );
}

/** A query parameter that cannot be read: 400. */
function invalidParam(words: string): VectorError {
  return badInput(`Deserialize error in query parameters: ${words}`);
}

const shardKey = z.union([z.string(), z.int().nonnegative()]);
const shardKeySelector = z.union([
  shardKey.transform((key) => [key]),
  z.array(shardKey),
  z.object({ target: shardKey, fallback: shardKey }).transform(({ target }) => [target]),
]);

type ShardKey = z.output<typeof shardKey>;

/** The shard key that a body names; undefined where it names none. @throws E_INPUT (400) where it is none */
export function readShardKey(body: Members): ShardKey | undefined {
  return body.get("shard_key", shardKeySelector)?.[0];
}

/** No collection here has shard keys, so that a request which names one is refused. @throws E_INPUT (400), beginning with `kind` */
export function refuseShardKey(
  key: ShardKey | undefined,
  kind: "Wrong input" | "Bad request",
): void {
  if (key !== undefined) throw badInput(`${kind}: Shard key ${JSON.stringify(key)} not found`);
}
