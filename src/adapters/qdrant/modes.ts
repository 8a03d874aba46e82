/** Writes that leave alone what stands there, or what does not. */
import type { WriteMode } from "../../store/documents.ts";
import type { CallOptions } from "../../store/port.ts";
import type { QdrantApi, UpdateMode, WrittenColumns } from "./api.ts";
import { pickRows } from "./convert.ts";

const updateModes: Record<WriteMode, UpdateMode> = {
  upsert: "upsert",
  insert: "insert_only",
  update: "update_only",
};

/** Where a server is too old for modes, it is asked first which points are there: another's write between the two is not seen. */
export async function writeInMode(
  api: Pick<QdrantApi, "modes" | "upsert" | "retrieve">,
  name: string,
  columns: WrittenColumns,
  {
    mode = "upsert",
    ...options
  }: CallOptions & { readonly mode?: WriteMode | undefined; readonly shard?: string | undefined },
): Promise<void> {
  if (mode === "upsert") return api.upsert(name, columns, options);
  if (api.modes) return api.upsert(name, columns, { ...options, mode: updateModes[mode] });
  const wanted = { ...options, payload: false, vectors: [] };
  const there = new Set((await api.retrieve(name, columns.points, wanted)).points);
  const rows = columns.points.flatMap((point, row) =>
    there.has(point) === (mode === "update") ? [row] : [],
  );
  if (rows.length > 0) await api.upsert(name, pickRows(columns, rows), options);
}
