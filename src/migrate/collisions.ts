/** Ids that would meet in one point of the target: found by the same rule that names points, in bounded memory. */
import { uuidToBytes } from "../model/point-id.ts";
import type { SourceStore } from "../store/port.ts";
import { throwIfAborted } from "../util/abort.ts";
import { DatabaseSync } from "../util/sqlite.ts";
import { type CollectionPlan, pointOf } from "./collection-plan.ts";
import type { Scope } from "./request.ts";

/** Kept on disk by SQLite, in a database that it deletes by itself; in memory there is this much of it. */
const cacheKiB = 32_768;
const rowsAtOnce = 200;
const examplesMax = 5;

export interface Collisions {
  /** Points that several records want. */
  readonly points: number;
  /** The first of them; empty where no two records meet. */
  readonly examples: readonly {
    /** Its UUID, in hex without dashes. */
    readonly point: string;
    readonly records: readonly { readonly collection: string; readonly id: string }[];
  }[];
}

/** Lists the ids of collections that share a target collection, as far as they are in scope, and looks where they meet. */
export async function findCollisions(
  source: SourceStore,
  plans: readonly CollectionPlan[],
  { where, limit }: Pick<Scope, "where" | "limit">,
  signal: AbortSignal,
): Promise<Collisions> {
  const chosen = {
    ...(where === null ? {} : { where }),
    ...(limit === null ? {} : { limit }),
  };
  using meeting = new Meeting();
  for (const [index, plan] of plans.entries()) {
    for await (const ids of source.ids(plan.source, { ...chosen, signal })) {
      throwIfAborted(signal);
      meeting.add(index, ids, (id) => pointOf(plan, id));
    }
  }
  const { points, examples } = meeting.find();
  const nameOf = (index: number): string => plans[index]?.source.name ?? "";
  return {
    points,
    examples: examples.map(({ point, records }) => ({
      point,
      records: records.map(({ index, id }) => ({ collection: nameOf(index), id })),
    })),
  };
}

interface Example {
  readonly point: string;
  readonly records: readonly { readonly index: number; readonly id: string }[];
}

/** All points of a target collection, with the records that want them. */
class Meeting implements Disposable {
  readonly #database = new DatabaseSync("");
  readonly #insertMany;
  readonly #insertOne;

  constructor() {
    this.#database.exec(
      `pragma journal_mode = off; pragma synchronous = off; pragma temp_store = file; pragma cache_size = -${cacheKiB};
       create table wanted (point blob, source integer, id blob); begin`,
    );
    const rows = Array(rowsAtOnce).fill("(?,?,?)").join();
    this.#insertMany = this.#database.prepare(`insert into wanted values ${rows}`);
    this.#insertOne = this.#database.prepare("insert into wanted values (?,?,?)");
  }

  add(index: number, ids: readonly string[], point: (id: string) => string): void {
    const row = (id: string) => [uuidToBytes(point(id)), index, Buffer.from(id, "utf8")];
    let at = 0;
    for (; at + rowsAtOnce <= ids.length; at += rowsAtOnce)
      this.#insertMany.run(...ids.slice(at, at + rowsAtOnce).flatMap(row));
    for (const id of ids.slice(at)) this.#insertOne.run(...row(id));
  }

  find(): { points: number; examples: Example[] } {
    this.#database.exec(
      "create temp table met as select point from wanted group by point having count(*) > 1",
    );
    const count = this.#database.prepare("select count(*) as n from met").get();
    const examples = this.#database
      .prepare(`select point from met order by point limit ${examplesMax}`)
      .all()
      .map(({ point }) => this.#example(point));
    return { points: Number(count?.["n"]), examples };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #example(point: unknown): Example {
    const bytes = point instanceof Uint8Array ? point : new Uint8Array(16);
    const rows = this.#database
      .prepare("select source, id from wanted where point = ? limit 10")
      .all(bytes);
    return {
      point: Buffer.from(bytes).toString("hex"),
      records: rows.map(({ source, id }) => ({
        index: Number(source),
        id: id instanceof Uint8Array ? Buffer.from(id).toString("utf8") : "",
      })),
    };
  }
}
