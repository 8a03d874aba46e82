/** Ids that would meet in one point of the target: found by the same rule that names points, in bounded memory. */

import { uuidToBytes } from "../../model/point-id.ts";
import type { SourceStore } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { DatabaseSync } from "../../util/sqlite.ts";
import { type CollectionPlan, pointOf } from "../collection-plan.ts";
import type { Findings, Words } from "./finding.ts";

/** Kept on disk by SQLite, in a database that it deletes by itself; in memory there is this much of it. */
const cacheKiB = 32_768;
const rowsAtOnce = 200;
const examplesMax = 5;

/**
 * Looks at the ids of collections that share a target collection, and, where listing costs nothing (`everyId`), at those of
 * the others too: within one collection ids differ, and meet only where they are no valid Unicode.
 */
export async function findCollisions(
  source: SourceStore,
  plans: readonly CollectionPlan[],
  scope: { readonly where: unknown; readonly limit: number | null },
  findings: Findings,
  words: Words,
  signal: AbortSignal,
): Promise<void> {
  for (const [target, group] of Map.groupBy(plans, (plan) => plan.target)) {
    if (group.length === 1 && source.capabilities.live) continue;
    using meeting = new Meeting();
    for (const [index, plan] of group.entries()) {
      const chosen = {
        ...(scope.where === null ? {} : { where: scope.where }),
        ...(scope.limit === null ? {} : { limit: scope.limit }),
      };
      for await (const ids of source.ids(plan.source, { ...chosen, signal })) {
        throwIfAborted(signal);
        meeting.add(index, ids, (id) => pointOf(plan, id));
      }
    }
    tell(meeting, target, group, findings, words);
  }
}

function tell(
  meeting: Meeting,
  target: string,
  group: readonly CollectionPlan[],
  findings: Findings,
  words: Words,
): void {
  const { points, examples } = meeting.find();
  const [first] = examples;
  if (first === undefined) return;
  const nameOf = (index: number): string => group[index]?.source.name ?? "";
  const [one, other] = first.records;
  const named = examples.map(({ point, records }) => ({
    point,
    records: records.map(({ index, id }) => ({ collection: nameOf(index), id })),
  }));
  const shown = [one, other].map(
    (record) => `${JSON.stringify(record?.id)} of ${JSON.stringify(nameOf(record?.index ?? 0))}`,
  );
  findings.add("id-collision", "source", {
    collection: nameOf(other?.index ?? 0),
    text: `${points} points of target collection ${JSON.stringify(target)} would be those of several records: ${shown.join(" and ")} are the first.`,
    evidence: { target, points, examples: named },
    words,
  });
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
