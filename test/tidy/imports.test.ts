import { describe, expect, it } from "vitest";
import { readProjectFile, sourcesBelow } from "../support/files.ts";
import { importFaults, type Layers, loadedBy, referencesOf } from "../support/imports.ts";

const model = ["model", "util", "errors.ts"];
const store = ["store", ...model];

/** Imports point down. Folders that do not exist yet stand here too, so that they begin in their place. */
const layers: Layers = {
  "errors.ts": [],
  util: ["errors.ts"],
  model: ["util", "errors.ts"],
  store: model,
  engine: model,
  wire: model,
  server: ["engine", "wire", ...model],
  embedded: ["server", "engine", ...model],
  "adapters/chroma": store,
  "adapters/chroma-folder": store,
  "adapters/qdrant": ["engine", "wire", ...store],
  "adapters/faiss": store,
  "adapters/archive": store,
  migrate: store,
  gateway: store,
  repository: store,
  deploy: store,
  testing: ["server", "engine", "repository", ...store],
  "stores.ts": ["*"],
  "open.ts": ["*"],
  "repositories.ts": ["*"],
  "connect.ts": ["*"],
  "index.ts": ["*"],
  cli: ["*"],
};

const manifest: {
  dependencies: Record<string, string>;
  peerDependencies?: Record<string, string>;
} = JSON.parse(readProjectFile("package.json"));
const packages = new Set([
  ...Object.keys(manifest.dependencies),
  ...Object.keys(manifest.peerDependencies ?? {}),
]);

describe("imports in src", () => {
  it("point down only, make no cycle, and name declared packages", () => {
    expect(importFaults(sourcesBelow("src"), { layers, packages })).toEqual([]);
  });

  it.each(["src/index.ts", "src/cli/run.ts"])("load no Parquet with %s", (entry) => {
    const { packages } = loadedBy(entry, sourcesBelow("src"));
    expect([...packages].filter((name) => name.includes("hyparquet"))).toEqual([]);
  });

  it.each(["src/index.ts", "src/cli/run.ts"])("load no server with %s", (entry) => {
    const { packages, modules } = loadedBy(entry, sourcesBelow("src"));
    expect(packages).toContain("zod");
    expect([...packages].filter((name) => name.includes("hono"))).toEqual([]);
    const server = [...modules].filter((path) => path.startsWith("src/server/"));
    expect(server).toEqual(["src/server/serve.ts"].filter((path) => modules.has(path)));
  });
});

describe("the reader of imports", () => {
  it("sees every way in which a module names another", () => {
    const text = `
      import type { A } from "./a.ts"; // import "./comment.ts"
      import "./b.ts";
      export * from "./c.ts";
      export type { D } from "./d.ts";
      const e = await import("./e.ts");
      type F = import("./f.ts").F;
      new Worker(new URL("./g.ts", import.meta.url));
      new Worker(new URL(\`./h\${extname(import.meta.url)}\`, import.meta.url));
      const text = 'import "./text.ts"';
      new URL("./address", base);
      await import(name);`;
    const written = ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `./${name}.ts`);
    const found = referencesOf("src/x.ts", text).map(({ specifier }) => specifier);
    expect(found.sort()).toEqual([...written, null].sort());
  });
});

describe("the check of imports", () => {
  /** The faults of one made-up module, among modules that are in order. */
  const faultsOf = (path: string, text: string, others: Record<string, string> = {}) =>
    importFaults(
      new Map(
        Object.entries({
          "src/errors.ts": "",
          "src/util/json.ts": "",
          "src/engine/open.ts": "",
          "src/adapters/chroma/store.ts": "",
          "src/adapters/qdrant/store.ts": 'import "../../engine/open.ts";',
          ...others,
          [path]: text,
        }),
      ),
      { layers, packages },
    );

  it.each([
    ["an adapter from migrate", "src/migrate/a.ts", 'import "../adapters/chroma/store.ts";'],
    [
      "an adapter from migrate, lazily",
      "src/migrate/a.ts",
      'await import("../adapters/chroma/store.ts");',
    ],
    [
      "an adapter from migrate, its types",
      "src/migrate/a.ts",
      'import type { X } from "../adapters/chroma/store.ts";',
    ],
    ["one adapter from another", "src/adapters/qdrant/a.ts", 'export * from "../chroma/store.ts";'],
    [
      "the engine from a Chroma adapter",
      "src/adapters/chroma/a.ts",
      'import "../../engine/open.ts";',
    ],
    [
      "a worker of the engine from migrate",
      "src/migrate/a.ts",
      'new URL("../engine/open.ts", import.meta.url);',
    ],
    ["the engine from model", "src/model/a.ts", 'import "../engine/open.ts";'],
  ])("refuses %s", (_, path, text) => {
    expect(faultsOf(path, text)).toEqual([expect.stringContaining("may not import")]);
  });

  it.each([
    ["a test", 'import "../../test/support/files.ts";', "leaves src"],
    ["a module that is not there", 'import "./b.ts";', "is not there"],
    ["a name without its extension", 'import "./json";', "does not end in .ts"],
    ["a built file", 'import "./json.js";', "does not end in .ts"],
    ["an undeclared package", 'import lodash from "lodash/get.js";', "no declared dependency"],
    ["a development package", 'import "@biomejs/biome";', "no declared dependency"],
    ["a Node module without its prefix", 'import "fs";', "no declared dependency"],
    ["a computed name", "await import(name);", "computed import"],
  ])("refuses %s", (_, text, words) => {
    expect(faultsOf("src/util/a.ts", text)).toEqual([expect.stringContaining(words)]);
  });

  it("refuses a folder that has no layer", () => {
    expect(faultsOf("src/helpers/a.ts", 'import "../errors.ts";')).toEqual([
      expect.stringContaining("is in no layer"),
    ]);
  });

  it("refuses a cycle, also one of types alone", () => {
    expect(
      faultsOf("src/util/a.ts", 'import type { B } from "./b.ts";', {
        "src/util/b.ts": 'import { a } from "./a.ts";',
      }),
    ).toEqual([expect.stringMatching(/^cycle: .*a\.ts/)]);
  });

  it("takes what is allowed", () => {
    const text = `
      import { readFile } from "node:fs/promises";
      import { z } from "zod";
      import { serve } from "@hono/node-server";
      import { open } from "../adapters/qdrant/store.ts";
      import { VectorError } from "../errors.ts";
      new URL("../../package.json", import.meta.url);`;
    expect(faultsOf("src/cli/a.ts", text)).toEqual([]);
  });
});
