/** A `Where` as a server can be asked it; what it would answer otherwise is decided here, by the metadata itself. */
import { type Metadata, matches, type Where } from "../../model/filter.ts";
import { tenantKey } from "../../model/layout.ts";
import { floatText, rawNumber } from "../../util/json.ts";
import { storedKey } from "./flat.ts";
import type { Takes } from "./takes.ts";

/** Which records of a collection are meant: all of these at once. */
export interface Wanted {
  readonly tenanted: boolean;
  /** null = only those that have none; absent = everybody's. */
  readonly tenant?: string | null | undefined;
  readonly where?: Where | null | undefined;
  /** Whether a record is meant, by its metadata as it stands there, our own keys in it. */
  readonly mark?: ((metadata: Metadata) => boolean) | undefined;
}

/** How the server is asked for them. */
export interface Asked {
  /** Chroma's `where`, which every record that is meant meets; undefined = any may be meant. */
  readonly server: object | undefined;
  /** Which of those that meet it are meant, by their metadata as it stands there; null = all of them. */
  readonly here: ((metadata: Metadata) => boolean) | null;
}

type Leaf = Extract<Where, { key: string }>;

/** null = no record can be meant. `lists`: whether metadata can have lists. */
export function askFor(wanted: Wanted, takes: Takes, lists: boolean): Asked | null {
  const { tenanted, tenant, mark } = wanted;
  // In a plain collection nobody owns a record, and none bears a mark, whatever its metadata says.
  if (!tenanted && (typeof tenant === "string" || mark !== undefined)) return null;
  const where = wanted.where ? folded(wanted.where, { tenanted, lists }) : true;
  if (where === false) return null;
  const owner = typeof tenant === "string" ? [{ [tenantKey]: { $eq: tenant } }] : [];
  const room = (takes.conditionsMax ?? Number.POSITIVE_INFINITY) - owner.length;
  const { clauses, whole } =
    where === true ? { clauses: [], whole: true } : sendable(where, takes, room);
  const ownerless = tenanted && tenant === null;
  const here = (metadata: Metadata): boolean =>
    !(ownerless && Object.hasOwn(metadata, tenantKey)) &&
    (mark === undefined || mark(metadata)) &&
    (where === true || matches(where, metadata));
  return {
    server: joined("$and", [...owner, ...clauses]),
    here: whole && !ownerless && mark === undefined ? null : here,
  };
}

/** The same, on the keys under which the metadata stands, and without conditions that hold always or never: on keys that no metadata has, and on lists where there are none. */
function folded(
  where: Where,
  among: { readonly tenanted: boolean; readonly lists: boolean },
): Where | boolean {
  if ("every" in where) {
    const clauses = where.every.map((clause) => folded(clause, among));
    if (clauses.includes(false)) return false;
    const every = clauses.filter((clause) => typeof clause !== "boolean");
    return every.length === 0 ? true : { every };
  }
  if ("some" in where) {
    const clauses = where.some.map((clause) => folded(clause, among));
    if (clauses.includes(true)) return true;
    const some = clauses.filter((clause) => typeof clause !== "boolean");
    return some.length === 0 ? false : { some };
  }
  const { key, operator } = where;
  const denies = operator === "$ne" || operator === "$nin" || operator === "$not_contains";
  const isList = operator === "$contains" || operator === "$not_contains";
  if (key.startsWith("chroma:") || (isList && !among.lists)) return denies;
  return among.tenanted ? { ...where, key: storedKey(key) } : where;
}

/** What of it can be sent, each a condition that every meant record meets; `whole` = together they say all of it. */
function sendable(
  where: Where,
  takes: Takes,
  room: number,
): { readonly clauses: readonly object[]; readonly whole: boolean } {
  if (takes.where && conditionsIn(where) <= room)
    return { clauses: [toChroma(where)], whole: true };
  const clauses = "every" in where ? where.every : [where];
  const same = clauses.filter(isSameEverywhere).slice(0, room);
  return { clauses: same.map(toChroma), whole: same.length === clauses.length };
}

function conditionsIn(where: Where): number {
  if ("key" in where) return isTwofold(where) ? 2 : 1;
  const inner = "every" in where ? where.every : where.some;
  return inner.reduce((sum, clause) => sum + conditionsIn(clause), 0);
}

/** Equality of a text or a boolean: every version answers that alike. */
function isSameEverywhere(where: Where): boolean {
  if (!("key" in where) || (where.operator !== "$eq" && where.operator !== "$in")) return false;
  return where.operands.every((one) => typeof one === "string" || typeof one === "boolean");
}

function toChroma(where: Where): object {
  if ("every" in where) return joined("$and", where.every.map(toChroma)) ?? {};
  if ("some" in where) return joined("$or", where.some.map(toChroma)) ?? {};
  return leafToChroma(where);
}

function leafToChroma(leaf: Leaf): object {
  const { key, operator, operands } = leaf;
  if (operator === "$in" || operator === "$nin") return { [key]: { [operator]: operands } };
  const [operand] = operands;
  const condition = { [key]: { [operator]: operand } };
  if (!isTwofold(leaf)) return condition;
  const float = { [key]: { [operator]: rawNumber(floatText(Number(operand))) } };
  return operator === "$contains" ? { $or: [condition, float] } : { $and: [condition, float] };
}

/** Whether it is sent as two conditions: a list holds integers or floats, and 1 is looked for in both. */
function isTwofold({ operator, operands: [operand] }: Leaf): boolean {
  if (operator !== "$contains" && operator !== "$not_contains") return false;
  return typeof operand === "number" && Number.isInteger(operand);
}

function joined(operator: "$and" | "$or", clauses: readonly object[]): object | undefined {
  return clauses.length < 2 ? clauses[0] : { [operator]: clauses };
}
