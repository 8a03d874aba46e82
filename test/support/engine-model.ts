/** What an engine must hold, worked out beside it: a lane of random changes, one after the other, on collections of its own. */
import type { Engine, RestOperation, RestRequest } from "../../src/engine/index.ts";

export interface ModelPoint {
  vector: { dense?: number[]; words?: { indices: number[]; values: number[] }; many?: number[][] };
  payload: Record<string, unknown>;
}
type Points = Map<number, ModelPoint>;

/** Everything that a lane has made. */
export interface LaneState {
  readonly collections: Map<string, Points>;
  readonly aliases: Map<string, string>;
  readonly snapshots: {
    readonly name: string;
    readonly collection: string;
    readonly points: Points;
  }[];
}

/** A change: what to ask, and the state when it is done; `told` is the answer. */
export interface Change {
  readonly request: RestRequest;
  readonly after: (told: unknown) => LaneState;
}

const idsMax = 60;
const config = {
  vectors: {
    dense: { size: 3, distance: "Dot" },
    many: { size: 2, distance: "Dot", multivector_config: { comparator: "max_sim" } },
  },
  sparse_vectors: { words: {} },
};

/** Makes a lane's changes; the same ones for the same random numbers. */
export class Lane {
  readonly name: string;
  readonly #random: () => number;
  readonly #snapshotsFolder: string;

  constructor(name: string, random: () => number, snapshotsFolder: string) {
    this.name = name;
    this.#random = random;
    this.#snapshotsFolder = snapshotsFolder;
  }

  next(state: LaneState): Change {
    const names = [`${this.name}-a`, `${this.name}-b`];
    const missing = names.find((name) => !state.collections.has(name));
    if (missing !== undefined && (missing === names[0] || this.#chance(0.1)))
      return this.#create(state, missing);
    const roll = this.#random();
    if (roll < 0.03 && missing === undefined) return this.#drop(state, names[1] ?? "");
    if (roll < 0.08) return this.#alias(state);
    if (roll < 0.12) return this.#snapshot(state);
    if (roll < 0.15 && state.snapshots.length > 0) return this.#recover(state);
    const present = names.filter((name) => state.collections.has(name));
    return this.#points(state, present[this.#below(present.length)] ?? "");
  }

  #create(state: LaneState, name: string): Change {
    return change("createCollection", name, config, state, (after) => {
      after.collections.set(name, new Map());
    });
  }

  #drop(state: LaneState, name: string): Change {
    return change("deleteCollection", name, null, state, (after) => {
      after.collections.delete(name);
      for (const [alias, meant] of after.aliases) if (meant === name) after.aliases.delete(alias);
    });
  }

  #alias(state: LaneState): Change {
    const [alias, other] = [`${this.name}-x`, `${this.name}-y`];
    const collection_name = `${this.name}-a`;
    const actions: object[] = [{ delete_alias: { alias_name: other } }];
    actions.push({ create_alias: { alias_name: alias, collection_name } });
    const renames = this.#chance(0.5);
    if (renames) actions.push({ rename_alias: { old_alias_name: alias, new_alias_name: other } });
    return change("updateAliases", "", { actions }, state, (after) => {
      after.aliases.delete(other);
      after.aliases.delete(alias);
      after.aliases.set(renames ? other : alias, collection_name);
    });
  }

  #snapshot(state: LaneState): Change {
    const collection = `${this.name}-a`;
    return change("createSnapshot", collection, null, state, (after, told) => {
      const { name } = told as { name: string };
      const points = structuredClone(after.collections.get(collection) ?? new Map());
      after.snapshots.push({ name, collection, points });
    });
  }

  #recover(state: LaneState): Change {
    const at = this.#below(state.snapshots.length);
    const { name = "", collection = "", points } = state.snapshots[at] ?? {};
    const location = `file://${this.#snapshotsFolder}/${collection}/${name}`;
    return change("recoverSnapshot", collection, { location }, state, (after) => {
      after.collections.set(collection, structuredClone(points ?? new Map()));
    });
  }

  #points(state: LaneState, collection: string): Change {
    const points = state.collections.get(collection) ?? new Map();
    const chosen = [...points.keys()].filter(() => this.#chance(0.2));
    const made = this.#make();
    if (chosen.length === 0) return upsert(state, collection, made);
    const n = this.#below(1000);
    const each = (operation: RestOperation, body: object, edit: (point: ModelPoint) => void) =>
      change(operation, collection, { ...body, points: chosen }, state, (after) => {
        for (const id of chosen) edit(at(after, collection, id));
      });
    switch (this.#below(10)) {
      case 0:
        return change("deletePoints", collection, { points: chosen }, state, (after) => {
          for (const id of chosen) after.collections.get(collection)?.delete(id);
        });
      case 1:
        return each("setPayload", { payload: { n, set: true } }, (point) => {
          Object.assign(point.payload, { n, set: true });
        });
      case 2:
        return each("overwritePayload", { payload: { over: n } }, (point) => {
          point.payload = { over: n };
        });
      case 3:
        return each("deletePayload", { keys: ["text"] }, ({ payload }) => {
          delete payload["text"];
        });
      case 4:
        return each("clearPayload", {}, (point) => {
          point.payload = {};
        });
      case 5:
        return each("deleteVectors", { vector: ["words"] }, ({ vector }) => {
          delete vector.words;
        });
      case 6:
        return updateVectors(state, collection, chosen, n);
      case 7:
        return batch(state, collection, made, chosen);
      default:
        return upsert(state, collection, made);
    }
  }

  #make(): Map<number, ModelPoint> {
    const points = new Map<number, ModelPoint>();
    for (let count = 1 + this.#below(20); count > 0; count -= 1) {
      const [one, two, three] = [this.#below(100), this.#below(100), this.#below(100)];
      const vector: ModelPoint["vector"] = { dense: [one, two, three] };
      if (this.#chance(0.7)) vector.words = { indices: [one, 100 + two], values: [1, three] };
      // Two lists of which the first has whole numbers alone are read as a sparse vector, as by a server.
      if (this.#chance(0.7))
        vector.many = Array.from({ length: 1 + (one % 3) }, () => [two + 0.5, three]);
      const payload = { n: one, text: "ant".repeat(two), list: [one, { two }] };
      points.set(this.#below(idsMax), { vector, payload });
    }
    return points;
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }
}

function change(
  operation: RestOperation,
  collection: string,
  body: object | null,
  state: LaneState,
  edit: (after: LaneState, told: unknown) => void,
): Change {
  const text = body === null ? null : JSON.stringify(body);
  return {
    request: { operation, collection, params: { wait: "true" }, body: text },
    after: (told) => {
      const after = structuredClone(state);
      edit(after, told);
      return after;
    },
  };
}

function at(state: LaneState, collection: string, id: number): ModelPoint {
  return state.collections.get(collection)?.get(id) ?? { vector: {}, payload: {} };
}

function listed(points: ReadonlyMap<number, ModelPoint>): object[] {
  return Array.from(points, ([id, point]) => ({ id, ...point }));
}

function put(state: LaneState, collection: string, points: ReadonlyMap<number, ModelPoint>): void {
  for (const [id, point] of points)
    state.collections.get(collection)?.set(id, structuredClone(point));
}

function upsert(state: LaneState, collection: string, made: Map<number, ModelPoint>): Change {
  return change("upsertPoints", collection, { points: listed(made) }, state, (after) => {
    put(after, collection, made);
  });
}

function updateVectors(state: LaneState, collection: string, ids: number[], n: number): Change {
  const vector = {
    many: [
      [n + 0.5, 1],
      [2, n],
    ],
    dense: [n, n, n],
  };
  const points = ids.map((id) => ({ id, vector }));
  return change("updateVectors", collection, { points }, state, (after) => {
    for (const id of ids) Object.assign(at(after, collection, id).vector, structuredClone(vector));
  });
}

function batch(
  state: LaneState,
  collection: string,
  made: Map<number, ModelPoint>,
  chosen: number[],
): Change {
  const operations = [
    { delete: { points: chosen } },
    { upsert: { points: listed(made) } },
    { set_payload: { payload: { batch: true }, points: [...made.keys()] } },
  ];
  return change("batchUpdate", collection, { operations }, state, (after) => {
    for (const id of chosen) after.collections.get(collection)?.delete(id);
    put(after, collection, made);
    for (const id of made.keys()) at(after, collection, id).payload["batch"] = true;
  });
}

/** What of a lane's state can be read back, in one order. */
export function readable({ collections, aliases }: LaneState): object {
  const inOrder = <Value>(map: ReadonlyMap<string, Value>) =>
    [...map].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    collections: inOrder(collections).map(([name, points]) => [
      name,
      [...points].sort(([one], [other]) => one - other).map(([id, point]) => ({ id, ...point })),
    ]),
    aliases: inOrder(aliases),
  };
}

/** The same, read from an engine. */
export async function readLane(engine: Engine, lane: string): Promise<object> {
  const ask = async (operation: RestOperation, collection: string, body: string | null) =>
    JSON.parse(await engine.ask({ operation, collection, params: {}, body }));
  const collections: unknown[] = [];
  for (const name of await engine.listCollections()) {
    if (!name.startsWith(`${lane}-`)) continue;
    const body = JSON.stringify({ limit: 10_000, with_payload: true, with_vector: true });
    collections.push([name, (await ask("scrollPoints", name, body)).points]);
  }
  const { aliases } = await ask("listAliases", "", null);
  const own = (aliases as { alias_name: string; collection_name: string }[])
    .filter(({ alias_name }) => alias_name.startsWith(`${lane}-`))
    .map(({ alias_name, collection_name }) => [alias_name, collection_name]);
  return { collections, aliases: own };
}
