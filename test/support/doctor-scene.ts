/** `runDoctor` over stores in memory, and over addresses. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDoctor } from "../../src/migrate/doctor/doctor.ts";
import type { Finding } from "../../src/migrate/doctor/finding.ts";
import type { DoctorContext, DoctorRequest } from "../../src/migrate/doctor/request.ts";
import { defaultRequest, type Scope, type Shape } from "../../src/migrate/request.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import type { PointBatch } from "../../src/model/record.ts";
import { connectSource } from "../../src/open.ts";
import { parseAddress } from "../../src/store/address.ts";
import type { StandingCollection, StrictCaps, TargetLook } from "../../src/store/look.ts";
import type { SourceStore } from "../../src/store/port.ts";
import {
  type ChromaOptions,
  isTargetAddress,
  type QdrantOptions,
} from "../../src/store/registry.ts";
import { stores } from "../../src/stores.ts";

const noPoints: PointBatch = {
  ids: [],
  vectors: new Map(),
  payload: { documents: [], uris: [], metadata: [] },
  placement: {
    points: [],
    tenants: [],
    norms: new Float64Array(),
    runs: [],
    collections: [],
    rest: [],
  },
};

/** What a target in memory looks like: a Qdrant of which nothing is said. */
export function fakeLook(changes: Partial<TargetLook> = {}): TargetLook {
  return {
    identity: {
      kind: "qdrant",
      address: "http://127.0.0.1:6333",
      tenant: null,
      database: null,
      version: "1.18.2",
    },
    access: "all",
    ramBytes: null,
    residentBytes: null,
    folder: null,
    lockedBy: null,
    collections: [],
    firstForeign: async () => ({ looked: 0, point: null }),
    meter: null,
    tenants: async () => ({ looked: 0, named: false, without: 0 }),
    points: async () => noPoints,
    [Symbol.asyncDispose]: async () => undefined,
    ...changes,
  };
}

/** A collection of 3 dimensions, as a Qdrant has it. */
export function standingCollection(
  name: string,
  changes: Partial<Omit<StandingCollection, "info">> & {
    readonly info?: Partial<CollectionInfo>;
  } = {},
): StandingCollection {
  const { info, ...others } = changes;
  return {
    info: {
      key: name,
      name,
      tenant: null,
      database: null,
      dimension: 3,
      distance: "cosine",
      distanceFrom: "configuration",
      count: 0,
      metadata: null,
      configuration: null,
      schema: null,
      status: "green",
      note: null,
      ...info,
    },
    optimizerFault: null,
    indexing: "on",
    indexes: [],
    strict: null,
    ...others,
  };
}

/** Strict mode that forbids nothing but `caps`. */
export function strictCaps(caps: Partial<StrictCaps>): StrictCaps {
  return {
    upsertRowsMax: null,
    pageRowsMax: null,
    exactSearch: true,
    unindexedRetrieve: true,
    unindexedUpdate: true,
    readsPerMinute: null,
    writesPerMinute: null,
    pointsMax: null,
    payloadIndexesMax: null,
    vectorBytesMax: null,
    payloadBytesMax: null,
    ...caps,
  };
}

export interface ExamOptions {
  /** A store in memory, or an address; none = it is left out. */
  readonly source?: SourceStore | string;
  readonly target?: TargetLook | string;
  readonly scope?: Partial<Scope>;
  readonly shape?: Partial<Shape>;
  readonly settings?: Partial<DoctorRequest["settings"]>;
  readonly flags?: string;
  readonly sampleMax?: number | null;
  readonly chroma?: ChromaOptions;
  readonly qdrant?: QdrantOptions;
  readonly stateFolder?: string;
  readonly programFolder?: string;
  readonly watchMs?: number;
  readonly reachMs?: number;
}

/** What doctor finds. */
export async function examine(options: ExamOptions): Promise<readonly Finding[]> {
  const { signal } = new AbortController();
  const context: DoctorContext = {
    stateFolder: options.stateFolder ?? join(tmpdir(), "vecferry-no-such-state"),
    programFolder: options.programFolder ?? join(tmpdir(), "vecferry-no-such-program"),
    looks: stores.looks,
    reachMs: options.reachMs ?? 5_000,
    watchMs: options.watchMs ?? 0,
    signal,
    onFinding: () => undefined,
    onEvent: () => undefined,
  };
  const request: DoctorRequest = {
    source: sourceEnd(options, signal),
    target: targetEnd(options, signal),
    scope: { ...defaultRequest.scope, ...options.scope },
    shape: { ...defaultRequest.shape, ...options.shape },
    settings: { ...defaultRequest.settings, ...options.settings },
    flags: options.flags ?? "",
    sampleMax: options.sampleMax,
  };
  return (await runDoctor(request, context)).findings;
}

/** The codes found, in order, without what is always said. */
export function codesOf(findings: readonly Finding[]): string[] {
  return findings.map(({ code }) => code).filter((code) => code !== "version");
}

/** The only finding of `code`. */
export function only(findings: readonly Finding[], code: string): Finding {
  const [found, ...more] = findings.filter((finding) => finding.code === code);
  if (found === undefined || more.length > 0)
    throw new Error(`${more.length + (found ? 1 : 0)} findings ${code} among ${codesOf(findings)}`);
  return found;
}

function sourceEnd(
  { source, chroma = {} }: ExamOptions,
  signal: AbortSignal,
): DoctorRequest["source"] {
  if (source === undefined) return null;
  const { token, user, headers, caFile } = chroma;
  const keyed = [token, user, headers].some((one) => one !== undefined);
  const common = { caFile, keyed };
  if (typeof source !== "string") {
    // An address that is opened without being asked first.
    const address = { kind: "archive", path: "./fake" } as const;
    return { ...common, address, text: "./source", open: async () => source };
  }
  const address = parseAddress(source);
  if (isTargetAddress(address)) throw new Error(`${source} is no source`);
  const open = () => connectSource(address, { chroma, timeoutMs: 5_000, signal });
  return { ...common, address, text: source, open };
}

function targetEnd(
  { target, qdrant = {} }: ExamOptions,
  signal: AbortSignal,
): DoctorRequest["target"] {
  if (target === undefined) return null;
  const common = { caFile: qdrant.caFile, keyed: qdrant.apiKey !== undefined };
  if (typeof target !== "string") {
    const address = { kind: "embedded", path: "./fake" } as const;
    return { ...common, address, text: "http://target:6333", look: async () => target };
  }
  const address = parseAddress(target);
  if (!isTargetAddress(address)) throw new Error(`${target} is no target`);
  return {
    ...common,
    address,
    text: target,
    look: (at, onRest) => {
      if (at.kind === "embedded") return stores.looks.embedded(at.path);
      if (at.kind === "faiss") return stores.looks.faiss(at.path);
      const onRoad = ({ road, text }: { road: string; text: string }): void => {
        if (road === "rest") onRest(text);
      };
      return stores.looks.qdrant(at, { qdrant, timeoutMs: 5_000, onRoad, signal });
    },
  };
}
