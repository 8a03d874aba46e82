import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kindOf } from "../../../../src/migrate/chroma-use/files.ts";
import { usesIn } from "../../../../src/migrate/chroma-use/find.ts";
import { examineCode } from "../../../../src/migrate/doctor/code.ts";
import { stores } from "../../../../src/stores.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-code-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `line code` of each use in one file. */
function uses(path: string, text: string): string[] {
  const kind = kindOf(path);
  if (kind === null) return [];
  return usesIn({ path, kind, text, fault: null }).map((use) => `${use.line} ${use.kind}`);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

async function examine(path = folder) {
  const { signal } = new AbortController();
  const context = { signal, looks: stores.looks, reachMs: 1_000, onFinding: () => undefined };
  return await examineCode(path, { source: null, target: null, flags: "" }, context);
}

const python = `import chromadb
from chromadb.utils import embedding_functions

# collection.query(query_texts=["not this"])
"""chromadb.HttpClient() is only spoken of."""
client = chromadb.HttpClient(host=os.environ["CHROMA_HOST"], port=8000)
collection = client.get_or_create_collection("notes")
collection.add(ids=["1"], documents=["a # b"])
found = collection.query(
    query_texts=["looms"],
    n_results=5,
    where={"year": {"$gte": 1800}},
)
rows = collection.get(ids=["1"])
if where == 3: pass
`;

const javascript = `import { ChromaClient } from "chromadb";
// const x = await collection.query({ queryTexts: ["no"] });
/* new ChromaClient() */
const client = new ChromaClient({ path: process.env.CHROMA_URL });
const notes = await client.getOrCreateCollection({ name: "notes" });
await collection.upsert({ ids: ["1"] });
const found = await collection.query({
  queryEmbeddings: [[1]], where,
});
await collection.query({ queryTexts: ["https://a//b"], where: { year: 1 } });
`;

describe("doctor --code", () => {
  it("finds each use of Chroma in Python, and none in comments", () => {
    expect(uses("app.py", python)).toEqual([
      "1 import",
      "2 import",
      "6 client",
      "6 variable",
      "7 collection",
      "8 write",
      "9 query",
      "10 query-texts",
      "12 where",
      "14 query",
    ]);
  });

  it.each(["a.ts", "a.mjs", "a.tsx", "a.cjs"])("finds each use in %s", (path) => {
    expect(uses(path, javascript)).toEqual([
      "1 import",
      "4 client",
      "4 variable",
      "5 collection",
      "6 write",
      "7 query",
      "8 query",
      "8 where",
      "10 query-texts",
      "10 query",
      "10 where",
    ]);
  });

  it("takes words that others use too for Chroma's in files of Chroma's alone", () => {
    expect(uses("a.py", "rows = collection.get(1)\nq = select(where={'a': 1})\n")).toEqual([]);
    expect(uses("a.ts", "await prisma.user.findMany({ where: { id } });\n")).toEqual([]);
    expect(uses("a.ts", "const chromadbish = require('./chromadb');\n")).toEqual([]);
    expect(uses("a.py", "import chromadb_helpers\n")).toEqual([]);
    expect(uses("a.py", "def f(c):\n  return c.query(query_texts=[1], where={})\n")).toEqual([
      "2 query-texts",
      "2 where",
    ]);
  });

  it("knows the frameworks' Chroma, and every way to import", () => {
    expect(uses("a.py", "from langchain_chroma import Chroma\n")).toEqual(["1 framework"]);
    expect(uses("a.py", "from langchain_community.vectorstores import Chroma\n")).toEqual([
      "1 framework",
    ]);
    expect(
      uses("a.py", "from llama_index.vector_stores.chroma import ChromaVectorStore\n"),
    ).toEqual(["1 framework"]);
    expect(
      uses("a.ts", 'import { Chroma } from "@langchain/community/vectorstores/chroma";'),
    ).toEqual(["1 framework"]);
    expect(uses("a.js", "const c = require('chromadb');")).toEqual(["1 import"]);
    expect(uses("a.js", "await import('chromadb-client');")).toEqual(["1 import"]);
    expect(uses("a.js", 'import {\n  X,\n} from "@chroma-core/openai";')).toEqual(["3 import"]);
  });

  it("finds dependencies by their names alone", () => {
    const manifest = {
      name: "chromadb",
      keywords: ["chromadb"],
      scripts: { chromadb: "chroma run" },
      dependencies: { chromadb: "^3", "chromadb-viewer": "1", "@chroma-core/ollama": "1" },
      devDependencies: { "chromadb-client": "2" },
    };
    expect(uses("package.json", JSON.stringify(manifest, null, 2))).toEqual([
      "10 dependency",
      "12 dependency",
      "15 dependency",
    ]);
    const needs =
      "# chromadb\nchromadb[server]>=0.5 ; python_version>'3'\nlangchain_Chroma\nchromadb-x\n";
    expect(uses("requirements-dev.txt", needs)).toEqual(["2 dependency", "3 dependency"]);
    const project =
      '[project]\ndependencies = ["fastapi", "chromadb~=1.0"]\n[tool.poetry.dependencies]\nchromadb = "^0.5"\n';
    expect(uses("pyproject.toml", project)).toEqual(["2 dependency", "4 dependency"]);
  });

  it("finds images and variables, and never tells a value", async () => {
    const compose = `services:
  chroma:
    image: "ghcr.io/chroma-core/chroma:1.5.9" # chromadb/chroma
    environment:
      CHROMA_SERVER_AUTHN_CREDENTIALS: s3cret-1
  app:
    environment: ["CHROMA_HOST=chroma", "VECTOR_DB_TYPE=chromadb"]
`;
    write("docker-compose.yml", compose);
    write("Dockerfile", "FROM chromadb/chroma:0.5.23\nRUN pip install chromadb\n");
    write(".env.production", "CHROMA_API_KEY=s3cret-2\n#CHROMA_PORT=1\nVECTOR_DB_TYPE=qdrant\n");
    const { findings, files } = await examine();
    expect(files).toBe(3);
    expect(findings.map(({ code, text }) => `${code} ${text}`)).toEqual([
      "code-variable .env.production:1: CHROMA_API_KEY",
      "code-service Dockerfile:1: chromadb/chroma",
      "code-dependency Dockerfile:2: chromadb",
      "code-service docker-compose.yml:3: ghcr.io/chroma-core/chroma",
      "code-variable docker-compose.yml:5: CHROMA_SERVER_AUTHN_CREDENTIALS",
      "code-variable docker-compose.yml:7: CHROMA_HOST",
      "code-variable docker-compose.yml:7: VECTOR_DB_TYPE",
    ]);
    expect(findings[0]?.remedy).toBe("QDRANT_API_KEY");
    expect(JSON.stringify(findings)).not.toContain("s3cret");
  });

  it("reads no code of others, follows no link, and names what it cannot read", async () => {
    write("node_modules/chromadb/index.js", 'import "chromadb";');
    write(".venv/lib/a.py", "import chromadb\n");
    write("src/deep/a.py", "import chromadb\n");
    write("notes.md", "import chromadb\n");
    symlinkSync(folder, join(folder, "src", "loop"));
    writeFileSync(join(folder, "large.py"), "import chromadb\n".padEnd(2 * 1024 * 1024 + 1, "#"));
    const { findings, warnings } = await examine();
    expect(findings.map(({ code, text }) => `${code} ${text}`)).toEqual([
      "code-import src/deep/a.py:1: import chromadb",
      "code-unread large.py: It has more than 2 MiB.",
    ]);
    expect(warnings).toBe(2);
  });

  it.skipIf(process.getuid?.() === 0)("names a folder that it may not read", async () => {
    const closed = join(folder, "closed");
    mkdirSync(closed);
    chmodSync(closed, 0);
    expect((await examine()).findings.map(({ code }) => code)).toEqual(["code-unread"]);
    // Who may not read it cannot take it away either.
    chmodSync(closed, 0o700);
  });

  it("refuses a folder that is none", async () => {
    write("file", "");
    const look = (path: string) => examine(join(folder, path));
    await expect(look("none")).rejects.toMatchObject({ code: "E_CONFIG" });
    await expect(look("file")).rejects.toMatchObject({ code: "E_CONFIG" });
  });

  it("has a replacement for every use: code-client, code-collection, code-framework, code-query, code-query-texts, code-where, code-write", async () => {
    write("a.py", python);
    write("a.ts", javascript);
    write("b.py", "from langchain_chroma import Chroma\n");
    const { findings } = await examine();
    const codes = new Set(findings.map(({ code }) => code));
    expect([...codes].sort()).toEqual(
      "client collection framework import query query-texts variable where write"
        .split(" ")
        .map((kind) => `code-${kind}`),
    );
    expect(findings.filter(({ remedy }) => !/\w/.test(remedy) || remedy === "INSTEAD")).toEqual([]);
  });
});
