/** The optional package usearch 2 (npm: usearch), which an application installs beside this one or names by VECFERRY_USEARCH. */
import { createRequire } from "node:module";

/** What is used of it. */
export interface UsearchIndex {
  add(keys: BigUint64Array, vectors: Float32Array | Int8Array, threads: number): void;
  remove(keys: BigUint64Array): unknown;
  contains(key: bigint): boolean;
  search(
    query: Float32Array | Int8Array,
    k: number,
    threads: number,
  ): { readonly keys: BigUint64Array };
  size(): number;
  /** Writes it to a file, or takes it from one; what stands behind it in the file is passed over. */
  save(path: string): void;
  load(path: string): void;
}

export type UsearchMetric = "cos" | "ip" | "l2sq";

export interface Usearch {
  /** Of the package; '' where it does not say. */
  readonly version: string;
  readonly Index: new (settings: {
    readonly dimensions: number;
    readonly metric: UsearchMetric;
    readonly quantization: "bf16" | "i8";
    readonly connectivity: number;
    readonly expansion_add: number;
    readonly expansion_search: number;
    readonly multi: boolean;
  }) => UsearchIndex;
}

let library: Usearch | null | undefined;

/** The package, loaded once a thread; null where there is none, or none that can be loaded here. */
export function usearch(): Usearch | null {
  if (library !== undefined) return library;
  try {
    const file = process.env["VECFERRY_USEARCH"] ?? "usearch";
    const load = createRequire(import.meta.url);
    const { Index } = load(file) as Pick<Usearch, "Index">;
    library = { Index, version: versionOf(load, file) };
  } catch {
    // Without it a search is exact: nothing is lost but speed.
    library = null;
  }
  return library;
}

function versionOf(load: NodeJS.Require, file: string): string {
  try {
    const { version }: { version?: unknown } = load(`${file}/package.json`);
    return String(version ?? "");
  } catch {
    return "";
  }
}
