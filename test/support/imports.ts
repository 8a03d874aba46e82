/** Reads every reference from one module to another, and finds those that the layering does not allow. */
import { posix } from "node:path";
import { parseSync, Visitor } from "vite";

export interface Reference {
  /** As it is written; null = computed, so that nobody can tell what it loads. */
  readonly specifier: string | null;
  readonly kind: "static" | "types" | "dynamic" | "url";
}

/** Who may import whom: the folder itself, and these. Everything else is a fault, as is a folder that is missing here. */
export type Layers = Readonly<Record<string, readonly string[]>>;

/**
 * Every import, export-from, import() (also in types) and `new URL(..., import.meta.url)` of a module.
 * A URL whose text ends in a computed extension (`./worker${extension}`) is read as the TypeScript file it is made from.
 */
export function referencesOf(path: string, text: string): Reference[] {
  const parsed = parseSync(path, text);
  if (parsed.errors.length > 0) throw new Error(`${path}: ${parsed.errors[0]?.message}`);
  const found: Reference[] = [
    ...parsed.module.staticImports.map(({ moduleRequest, entries }) =>
      named(moduleRequest.value, entries.length > 0 && entries.every(({ isType }) => isType)),
    ),
    ...parsed.module.staticExports
      .flatMap((statement) => statement.entries)
      .flatMap(({ moduleRequest, isType }) =>
        moduleRequest === null ? [] : named(moduleRequest.value, isType),
      ),
  ];
  new Visitor({
    ImportExpression: (node) => {
      found.push({ specifier: literal(node.source), kind: "dynamic" });
    },
    TSImportType: (node) => {
      found.push({ specifier: literal(node.source), kind: "types" });
    },
    NewExpression: (node) => {
      const [target, base] = node.arguments;
      if (node.callee.type !== "Identifier" || node.callee.name !== "URL") return;
      if (target === undefined || base === undefined) return;
      if (!text.slice(base.start, base.end).startsWith("import.meta")) return;
      found.push({ specifier: literal(target), kind: "url" });
    },
  }).visit(parsed.program);
  return found;
}

function named(specifier: string, types: boolean): Reference {
  return { specifier, kind: types ? "types" : "static" };
}

interface LiteralNode {
  readonly type: string;
  readonly value?: unknown;
  readonly quasis?: readonly { readonly value: { readonly cooked: string | null } }[];
}

function literal(node: LiteralNode): string | null {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type !== "TemplateLiteral" || node.quasis === undefined) return null;
  const texts = node.quasis.map((quasi) => quasi.value.cooked ?? "");
  const [first = "", last] = texts;
  if (texts.length === 1) return first;
  return texts.length === 2 && last === "" && /\/[a-z0-9-]+$/.test(first) ? `${first}.ts` : null;
}

export interface ImportRules {
  readonly layers: Layers;
  /** Packages a module may import by name. */
  readonly packages: ReadonlySet<string>;
}

/** The faults of `sources` (path from the project's root -> text), one line each; empty = none. */
export function importFaults(sources: ReadonlyMap<string, string>, rules: ImportRules): string[] {
  const faults: string[] = [];
  const edges = new Map<string, string[]>();
  for (const [path, text] of sources) {
    const targets: string[] = [];
    for (const { specifier, kind } of referencesOf(path, text)) {
      const fault = referenceFault(path, specifier, kind, sources, rules);
      if (fault !== null) faults.push(`${path}: ${fault}`);
      else if (specifier?.startsWith(".") && kind !== "url") targets.push(resolve(path, specifier));
    }
    edges.set(path, targets);
  }
  return [...faults, ...cycles(edges).map((cycle) => `cycle: ${cycle.join(" -> ")}`)];
}

function referenceFault(
  path: string,
  specifier: string | null,
  kind: Reference["kind"],
  sources: ReadonlyMap<string, string>,
  { layers, packages }: ImportRules,
): string | null {
  if (specifier === null) return "a computed import: write its name out";
  if (specifier.startsWith("node:")) return null;
  if (!specifier.startsWith(".")) {
    const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
    return packages.has(name) ? null : `"${specifier}" is no declared dependency`;
  }
  if (!specifier.endsWith(".ts")) {
    // A URL may also name a file that is no module (package.json, a .wasm); an import may not.
    return kind === "url" ? null : `"${specifier}" does not end in .ts`;
  }
  const target = resolve(path, specifier);
  if (!target.startsWith("src/")) return `"${specifier}" leaves src`;
  if (!sources.has(target)) return `"${specifier}" is not there`;
  const from = layerOf(path, layers);
  const to = layerOf(target, layers);
  if (from === null || to === null) return `${from === null ? path : target} is in no layer`;
  const allowed = from === to || layers[from]?.includes(to) || layers[from]?.includes("*");
  return allowed ? null : `${from} may not import ${to} ("${specifier}")`;
}

function resolve(path: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(path), specifier));
}

/** The longest entry of the table that the file is, or is below. */
function layerOf(path: string, layers: Layers): string | null {
  const inside = path.slice("src/".length);
  return (
    Object.keys(layers)
      .filter((layer) => inside === layer || inside.startsWith(`${layer}/`))
      .sort((left, right) => right.length - left.length)[0] ?? null
  );
}

/** One cycle for each back edge of a depth-first walk. */
function cycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const found: string[][] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    for (const target of edges.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) walk(path, []);
  return found;
}

/** What loading `entry` loads at once, by what it imports statically: packages, and modules of ours. */
export function loadedBy(
  entry: string,
  sources: ReadonlyMap<string, string>,
): { readonly packages: ReadonlySet<string>; readonly modules: ReadonlySet<string> } {
  const packages = new Set<string>();
  const seen = new Set([entry]);
  for (const path of seen) {
    for (const { specifier, kind } of referencesOf(path, sources.get(path) ?? "")) {
      if (specifier === null || kind !== "static") continue;
      if (specifier.startsWith(".")) seen.add(resolve(path, specifier));
      else packages.add(specifier);
    }
  }
  return { packages, modules: seen };
}
