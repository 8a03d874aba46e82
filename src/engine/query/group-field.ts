/** Which points may still be asked for, by the values of the field that groups them. */
import type { JsonObject } from "../api.ts";
import type { CollectionState } from "../collection/state.ts";
import { parsePath, pathText, valuesAt } from "../filter/json-path.ts";
import { PayloadView } from "../filter/payload-view.ts";
import { SlotSet } from "../filter/slot-set.ts";

/** A value of the field: text, or an integer. */
export type GroupId = string | bigint;

/** What a request is narrowed by: a filter, or the slots themselves. */
export interface Restriction {
  readonly filter: JsonObject | null;
  readonly within: SlotSet | null;
}

/** Values of these groups, or values outside of them. */
export type GroupMatch = "any" | "except";

export class GroupField {
  readonly #state: CollectionState;
  readonly #path: string;
  /** Values by slot, of points that have any; null = not read yet. Read once where no index answers the conditions. */
  #values: Map<number, readonly unknown[]> | null = null;

  constructor(state: CollectionState, path: string) {
    this.#state = state;
    this.#path = path;
  }

  /** The groups of a point; none where a value is neither text nor integer. */
  idsOf(slot: number): Set<GroupId> {
    const { exact } = new PayloadView(this.#state.file.payload(slot));
    const values = valuesAt(exact, parsePath(this.#path)).flat();
    const ids = values.filter((value) => typeof value === "string" || typeof value === "bigint");
    return new Set(ids.length === values.length ? ids : []);
  }

  /** Only points that have a value, and one of these groups, or one outside of them; of integers and of texts, where both are named. */
  restrict(match: GroupMatch, ids: readonly GroupId[]): Restriction {
    const kinds = [
      ids.filter((id) => typeof id === "bigint"),
      ids.filter((id) => typeof id === "string"),
    ].filter((values) => values.length > 0);
    if (this.#state.indexes.find(pathText(parsePath(this.#path))) !== undefined) {
      const must = kinds.map((values) => ({ key: this.#path, match: { [match]: values } }));
      return { filter: { must, must_not: [{ is_empty: { key: this.#path } }] }, within: null };
    }
    // Numbers are read as JavaScript has them, which is quick; the groups themselves are told exactly.
    const wanted = kinds.map(
      (values) => new Set<unknown>(values.map((id) => (typeof id === "bigint" ? Number(id) : id))),
    );
    const fits = (value: unknown, named: ReadonlySet<unknown>): boolean =>
      match === "any" ? named.has(value) : value !== null && !named.has(value);
    const within = new SlotSet(this.#state.ids.slots);
    for (const [slot, values] of this.#allValues()) {
      if (wanted.every((named) => values.some((value) => fits(value, named)))) within.add(slot);
    }
    return { filter: null, within };
  }

  #allValues(): ReadonlyMap<number, readonly unknown[]> {
    if (this.#values !== null) return this.#values;
    this.#values = new Map();
    const steps = parsePath(this.#path);
    for (const { slot, payload } of this.#state.file.points()) {
      const values = valuesAt(new PayloadView(payload).plain, steps);
      const empty = values.every((value) =>
        Array.isArray(value) ? value.length === 0 : value === null,
      );
      if (!empty) this.#values.set(slot, values.flat());
    }
    return this.#values;
  }
}
