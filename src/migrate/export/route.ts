/**
 * Which collection a point goes back to. The first rule that names one holds:
 *
 *   1. the note of the migration that wrote the point, by the collection's name and the tenant in its payload where several were carried here
 *   2. the collection that the point's mark names
 *   3. the only collection whose records here have the point's tenant, or, of a point without one, that has none
 *   4. the only collection that the mapping gives the point's tenant
 *   5. the name of the source's collection; with `splitTenants`, that and the tenant, else the tenant stays as a key of the metadata
 */
import { VectorError } from "../../errors.ts";
import { type CollectionInfo, parseNote, type SourceNote } from "../../model/collection.ts";
import type { Distance } from "../../model/distance.ts";
import { chooseVector } from "../../model/export-vector.ts";
import { tenantKey } from "../../model/layout.ts";
import { defaultVector, type PointBatch } from "../../model/record.ts";
import { sliceObject, stringOf } from "../../util/json.ts";
import type { LanePlan } from "./lane.ts";
import type { ExportShape } from "./request.ts";

/** What a collection at the target was, or is to be. */
interface Home
  extends Pick<SourceNote, "name" | "tenant" | "database" | "metadata" | "configuration"> {
  readonly distance: Distance | null;
  /** Whether the tenant is kept in the metadata. */
  readonly tenantKey: boolean;
}

/** All plans of a run; a plan is made when the first record needs it. */
export class LanePlans {
  readonly all: LanePlan[] = [];
  readonly assertName: (name: string) => void;
  readonly #byKey = new Map<string, LanePlan>();

  constructor(assertName: (name: string) => void) {
    this.assertName = assertName;
  }

  /** The plan of what goes from a collection to a home. @throws E_NAME, E_CONFIG, E_SCHEMA_CONFLICT */
  take(info: CollectionInfo, home: Home, vector: Vector, shape: ExportShape): LanePlan {
    const { tenant, database, name, tenantKey } = home;
    const key = JSON.stringify([info.key, tenant, database, name, tenantKey]);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const plan: LanePlan = {
      index: this.all.length,
      key,
      info,
      shape,
      home: { name, tenant, database },
      spec: {
        name: this.#nameOf(home, shape),
        distance: distanceOf(info, home, vector, shape),
        dimension: vector.dimension,
        metadata: home.metadata,
        configuration: home.configuration,
      },
      rules: {
        layout: parseNote(info.name, info.note)?.layout ?? "vecferry",
        vector: vector.name,
        distance: distanceOf(info, home, vector, shape),
        flatten: shape.flatten,
        tenantKey: home.tenantKey,
      },
    };
    this.#assertApart(plan);
    this.#byKey.set(key, plan);
    this.all.push(plan);
    return plan;
  }

  #nameOf({ name, tenant, database }: Home, { targetCollection, renames }: ExportShape): string {
    const whole = [tenant, database, name].join("/");
    const wanted = targetCollection ?? renames.get(whole) ?? renames.get(name) ?? name;
    this.assertName(wanted);
    return wanted;
  }

  /** Two collections become one only where that is asked for, and where one can hold both. */
  #assertApart(plan: LanePlan): void {
    const { name } = plan.spec;
    const other = this.all.find(({ spec }) => spec.name === name);
    if (other === undefined) return;
    const [one, two] = [originOf(other.home), originOf(plan.home)];
    const both = `${one} and ${two}`;
    const isAsked = [plan, other].some(({ shape }) => shape.targetCollection !== null);
    if (!isAsked && one !== two) {
      throw new VectorError(
        "E_CONFIG",
        `${both} would both become collection ${JSON.stringify(name)}.`,
        {
          next: "Give one of them another name: --rename OLD=NEW, or --rename TENANT/DATABASE/OLD=NEW.",
        },
      );
    }
    for (const field of ["distance", "dimension"] as const) {
      const [first, second] = [other.spec[field], plan.spec[field]];
      if (first === second || first === null || second === null) continue;
      throw new VectorError(
        "E_SCHEMA_CONFLICT",
        `${both} cannot share collection ${JSON.stringify(name)}: ${field} is ${first} in the first and ${second} in the second.`,
        { next: "Export one of them with --collection and another --target-collection." },
      );
    }
  }
}

interface Vector {
  readonly name: string;
  readonly dimension: number | null;
  readonly distance: Distance | null;
}

/** So many tenants' plans are at hand; there may be as many tenants as points. */
const knownMax = 10_000;

/** Tells of each point of one collection of the source where it goes. */
export class Router {
  readonly info: CollectionInfo;
  /** Vectors that stay behind, in words. */
  readonly left: readonly string[];
  readonly #plans: LanePlans;
  readonly #shape: ExportShape;
  readonly #homes: readonly SourceHome[];
  readonly #vector: Vector;
  readonly #tenanted: boolean;
  /** By what of a point decides. */
  readonly #known = new Map<string, LanePlan>();

  /** @throws E_CONFIG where it has several vectors and none is chosen, and as `LanePlans.take` */
  constructor(
    info: CollectionInfo,
    rows: "records" | "points",
    plans: LanePlans,
    shape: ExportShape,
  ) {
    this.info = info;
    this.#plans = plans;
    this.#shape = shape;
    const { mapping, splitTenants } = shape;
    const isTenanted = parseNote(info.name, info.note)?.tenanted ?? false;
    this.#tenanted = isTenanted || mapping !== null || splitTenants;
    if (rows === "records") {
      this.#vector = { name: defaultVector, dimension: info.dimension, distance: info.distance };
      this.left = [];
    } else {
      const { left, ...vector } = chooseVector(info, shape.vector);
      this.#vector = vector;
      this.left = left;
    }
    this.#homes = rows === "records" ? [recordsHome(info)] : notedHomes(info);
    // Also collections without a record go back.
    const own = splitTenants ? [] : [ownHome(info, null, false)];
    for (const home of this.#homes.length === 0 ? own : this.#homes)
      plans.take(info, home, this.#vector, shape);
  }

  /** Where the point at `row` goes. */
  planOf({ placement }: PointBatch, row: number): LanePlan {
    const run = placement.runs[row] ?? null;
    const collection = placement.collections[row] ?? null;
    const tenant = placement.tenants[row] ?? this.#tenantIn(placement.rest[row] ?? null);
    const key = JSON.stringify([run, collection, tenant]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const home = this.#homeOf(run, collection, tenant);
    const plan = this.#plans.take(this.info, home, this.#vector, this.#shape);
    if (this.#known.size >= knownMax) this.#known.clear();
    this.#known.set(key, plan);
    return plan;
  }

  /** The tenant that a point of another program names where ours do; null = none, or nobody asks for tenants. */
  #tenantIn(rest: string | null): string | null {
    if (!this.#tenanted || !rest?.includes(tenantKey)) return null;
    try {
      const text = sliceObject(rest).get(tenantKey);
      return text?.startsWith('"') ? stringOf(text) : null;
    } catch {
      return null;
    }
  }

  #homeOf(run: string | null, collection: string | null, tenant: string | null): Home {
    const ofTenant = this.#homes.filter(({ mappedTenants }) => mappedTenants.includes(tenant));
    const named = (homes: readonly SourceHome[]) =>
      collection === null ? homes : homes.filter(({ name }) => name === collection);
    const ofRun = named(this.#homes).filter(({ runs }) => run !== null && runs.includes(run));
    const noted = only(ofRun) ?? only(ofRun.filter((home) => ofTenant.includes(home)));
    if (noted !== null) return noted;
    const { mapping, splitTenants } = this.#shape;
    if (collection !== null) return only(named(this.#homes)) ?? { ...bareHome, name: collection };
    const owner = only(ofTenant);
    if (owner !== null) return owner;
    const mapped = [...(mapping ?? [])].filter(([, owner]) => owner === tenant);
    const [name] = only(mapped) ?? [];
    if (name !== undefined) return { ...bareHome, name };
    return ownHome(this.info, tenant, splitTenants);
  }
}

/** A collection that was carried here, by one migration or by several. */
interface SourceHome extends Home {
  readonly runs: readonly string[];
  readonly mappedTenants: readonly (string | null)[];
}

/** The collections that the source's own notes name; of several notes of one, the newest tells how it was. */
function notedHomes(info: CollectionInfo): SourceHome[] {
  const sources = parseNote(info.name, info.note)?.sources ?? [];
  const groups = Map.groupBy(sources, ({ tenant, database, name }) =>
    JSON.stringify([tenant, database, name]),
  );
  return [...groups.values()].flatMap((notes) => {
    const newest = notes.at(-1);
    if (newest === undefined) return [];
    const { name, tenant, database, metadata, configuration, distance } = newest;
    const runs = notes.map(({ run }) => run);
    const mappedTenants = [...new Set(notes.map(({ mappedTenant }) => mappedTenant))];
    const own = { name, tenant, database, metadata, configuration, distance };
    return [{ ...own, tenantKey: false, runs, mappedTenants }];
  });
}

/** Records of an archive go back to the collection that they were of. */
function recordsHome(info: CollectionInfo): SourceHome {
  const { name, tenant, database, metadata, configuration, distance } = info;
  const own = { name, tenant, database, metadata, configuration, distance };
  return { ...own, tenantKey: false, runs: [], mappedTenants: [null] };
}

/** Of a collection that no note tells of, nothing is known but its name. */
const bareHome = {
  tenant: null,
  database: null,
  metadata: null,
  configuration: null,
  distance: null,
  tenantKey: false,
};

function ownHome({ name }: CollectionInfo, tenant: string | null, split: boolean): Home {
  if (split && tenant !== null) return { ...bareHome, name: `${name}-${tenant}` };
  return { ...bareHome, name, tenantKey: true };
}

/** @throws E_CONFIG where no Chroma has the collection's distance */
function distanceOf(
  info: CollectionInfo,
  home: Home,
  vector: Vector,
  shape: ExportShape,
): Distance {
  const distance = home.distance ?? vector.distance ?? shape.distance;
  if (distance !== null) return distance;
  if (vector.dimension === null) return "l2";
  throw new VectorError(
    "E_CONFIG",
    `Collection ${JSON.stringify(info.name)} has a distance that no Chroma has.`,
    {
      next: "Say which it is to have there: --distance-metric cosine, ip or l2. Or leave it out with --exclude.",
    },
  );
}

function originOf({ tenant, database, name }: LanePlan["home"]): string {
  const scope = [tenant, database].filter((part) => part !== null).join("/");
  const of = scope === "" ? "" : ` of ${scope}`;
  return `collection ${JSON.stringify(name)}${of}`;
}

/** The only one; null where there are none, or several. */
function only<Value>(values: readonly Value[]): Value | null {
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : null;
}
