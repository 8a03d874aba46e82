/** What an export is about: the source's collections, and a router for each. */
import type { CollectionInfo, CollectionNote } from "../../model/collection.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { selectCollections } from "../select.ts";
import { sourceNote } from "../target-spec.ts";
import { note, phase } from "../telling.ts";
import type { ExportShape, ExportSource } from "./request.ts";
import { LanePlans, Router } from "./route.ts";
import type { ExportRun } from "./running.ts";

/**
 * The run with its routers; `shapeOf` where not the same was asked for all of its collections.
 * @throws E_COLLECTION_NOT_FOUND, E_CONFIG, E_NAME, E_SCHEMA_CONFLICT
 */
export async function planRun(
  ends: Omit<ExportRun, "plans" | "routers">,
  shapeOf: (info: CollectionInfo) => ExportShape = () => ends.shape,
): Promise<ExportRun> {
  const { source, target, shape, context, report } = ends;
  phase(context, "plan");
  const found = await source.collections(context);
  const scope = { ...shape.scope, where: null, limit: null };
  const infos = selectCollections(found, scope, source.identity.address);
  const plans = new LanePlans((name) => target.assertName(name));
  const routers = infos.map((info) => {
    const rows = rowsOf(source, info.key);
    const own = rows === "points" && info.note === null ? withNote(info, ends) : info;
    return new Router(own, rows, plans, shapeOf(info));
  });
  for (const { info, left } of routers) {
    if (left.length === 0) continue;
    const text = `Of collection ${JSON.stringify(info.name)} these stay behind, for a Chroma's record has one vector: ${left.join(", ")}.`;
    note(context, report, text);
  }
  return { ...ends, plans, routers };
}

function rowsOf(source: ExportSource, key: string): "records" | "points" {
  if ("scan" in source) return "points";
  const held = source.manifest.collections.find(({ info }) => info.key === key);
  return held?.rows ?? "records";
}

/** A collection whose server keeps no notes, as the journal's migrations into it tell of it; where none does, marks are read all the same. */
function withNote(
  info: CollectionInfo,
  { journal, source }: Pick<ExportRun, "journal" | "source">,
) {
  const here = journal
    .migrations()
    .filter(({ target }) => isSame(target, source.identity))
    .flatMap((migration) =>
      journal
        .collections(migration)
        .filter(({ plan }) => plan.target === info.name)
        .map(({ plan }) => ({ plan, source: sourceNote(plan, migration.run) })),
    );
  const [first] = here;
  const note: CollectionNote = {
    format: 1,
    layout: first?.plan.layout ?? "vecferry",
    tenanted: first?.plan.tenanted ?? false,
    sources: here.map(({ source }) => source),
  };
  return { ...info, note: JSON.stringify(note) };
}

function isSame(one: StoreIdentity, other: StoreIdentity): boolean {
  return one.kind === other.kind && one.address === other.address;
}
