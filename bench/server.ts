/** The Qdrant server that is measured: where it answers, and the collection that contestants write to. */

import type { Indexing } from "../src/migrate/request.ts";
import type { CollectionSpec } from "../src/model/collection.ts";
import { connectTarget } from "../src/open.ts";
import type { TargetStore } from "../src/store/port.ts";
import { specOf } from "./batches.ts";

/** Its key, from the environment; "" = none. */
export const apiKey = process.env["QDRANT_API_KEY"] ?? "";
const given = process.env["QDRANT_GRPC_PORT"] ?? "";

/** The URL of its gRPC port: QDRANT_GRPC_PORT, else the one after the REST port. */
export function grpcUrl(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  const rest = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  return `${protocol}//${hostname}:${given === "" ? rest + 1 : given}`;
}

/** How contestants write. */
export interface WriteOptions {
  readonly records: number;
  readonly dimension: number;
  readonly indexing: Indexing;
  readonly road?: "grpc" | "rest";
}

/** Opens a target by one road; by both, as `migrate` does, where none is named. @throws where points cannot go by `road` */
export async function openTarget(address: string, road?: "grpc" | "rest"): Promise<TargetStore> {
  const options = apiKey === "" ? {} : { qdrant: { apiKey } };
  if (!address.startsWith("http")) return await connectTarget(address, options);
  // A port that is named is an error where it cannot be used: nothing is measured by the wrong road.
  const ports = { grpc: new URL(grpcUrl(address)).port, rest: "off" };
  const port = road === undefined ? given : ports[road];
  return await connectTarget(port === "" ? address : `${address}?grpc=${port}`, options);
}

/**
 * Runs `work` with a new collection, made as `migrate` makes one, and takes it away.
 */
export async function withCollection<Result>(
  address: string,
  { road, dimension, indexing }: WriteOptions,
  work: (target: TargetStore, spec: CollectionSpec) => Promise<Result>,
): Promise<Result> {
  await using target = await openTarget(address, road);
  const spec = specOf(dimension);
  await dropCollection(target, spec.name);
  await target.ensure(spec, { holdIndexing: indexing === "after" });
  try {
    return await work(target, spec);
  } finally {
    await dropCollection(target, spec.name);
  }
}

/** Takes the collection away where there is one. */
export async function dropCollection(target: TargetStore, name: string): Promise<void> {
  const info = (await target.collections()).find((one) => one.name === name);
  if (info !== undefined) await target.remove(info, { everything: true });
}
