/** What the pages of docs leave unsaid, so that everything on them can be done as it stands there. */

/** Why a line is not typed by the test of its page. A reason that no line has any more fails, and so does a line that is done. */
export const reasons = {
  docker:
    "needs a Docker daemon; test/conformance/deploy-files.test.ts checks what it would be given",
  root: "writes into the system",
  kubernetes:
    "needs a cluster; test/conformance/deploy-files.test.ts checks what it would be given",
  keyboard: "asks somebody at a terminal",
  internet: "has the server fetch a file from the internet",
  cluster: "needs a Qdrant of several nodes; test/conformance/snapshot-cluster.test.ts does it",
  install: "installs from the registry; test/e2e/pack.test.ts installs what is packed",
  checkout: "is for a checkout, and is what runs this test",
  demo: "is for a checkout; test/e2e/examples-of-running.test.ts runs it",
  bench: "measures for minutes; that there is such a bench is checked",
} as const;

/** Lines that are not typed here, as they stand on the pages, with their reason. */
export const elsewhere: Readonly<Record<string, keyof typeof reasons>> = {
  "docker compose up --detach --wait": "docker",
  "sudo cp deploy/systemd/vecferry-* /etc/systemd/system/ && sudo systemctl enable --now vecferry-backup.timer vecferry-drill.timer":
    "root",
  "kubectl apply -f deploy/kubernetes/vecferry-backup.yaml": "kubernetes",
  "read -rs CHROMA_API_KEY && export CHROMA_API_KEY": "keyboard",
  "npx vecferry deploy choose": "keyboard",
  "npx vecferry snapshot recover http://localhost:6333 --from https://files.example.com/docs.snapshot --collection docs --checksum SHA256":
    "internet",
  "npx vecferry snapshot create http://node-1:6333 --node http://node-2:6333 --node http://node-3:6333 --to ./cluster":
    "cluster",
  "npx vecferry snapshot recover http://node-1:6333 --node http://node-2:6333 --node http://node-3:6333 --from ./cluster":
    "cluster",
  "npm install vecferry @qdrant/js-client-rest": "install",
  "npm ci": "checkout",
  "npm test": "checkout",
  "npm ci && npm test": "checkout",
  "npm run demo": "demo",
  "npm ci && npm run demo": "demo",
  "QDRANT_URL=http://localhost:6333 npm run bench -- copy": "bench",
  "npm run bench -- compare": "bench",
  "npm run bench -- embedded": "bench",
  "npm run bench -- embedded --records 1000000 --dimension 128": "bench",
  "QDRANT_URL=http://localhost:6333 npm run bench -- service": "bench",
  "npm run bench -- plan": "bench",
  "npm run bench -- doctor": "bench",
};

/** Blocks of code that another test runs: the page, its language, and that test. Their types are checked here all the same. */
export const ranElsewhere: Readonly<Record<string, string>> = {
  "docs/layouts.md js": "test/e2e/framework-layouts.test.ts",
  "docs/layouts.md python": "test/e2e/framework-layouts.test.ts",
  "docs/stores.md ts": "test/conformance/faiss.test.ts",
};

export interface PageSettings {
  /** Typed before the page. */
  readonly before?: readonly string[];
  /** Typed before a line, or before the block of Python of that number. */
  readonly first?: Readonly<Record<string, readonly string[]>>;
  /** Lines before which nothing stands at localhost:6333: the page tells another beginning there, not the next step. */
  readonly anew?: readonly string[];
  /** Lines that end with another status than 0, and why. */
  readonly ends?: Readonly<Record<string, readonly [exit: number, because: string]>>;
  /** The Chroma server of the page holds nothing; default: the records of `./chroma_data`. */
  readonly chroma?: "empty";
  /** For each block of TypeScript or JavaScript in its order: what stands around it. */
  readonly code?: readonly (readonly [before: string, after?: string])[];
}

const failedLine = "what a scratch folder lacks is a failed line";
const toServer = "vecferry migrate ./chroma_data http://localhost:6333";
const toFolder = "vecferry migrate ./chroma_data embedded:./qdrant_data";
const madeNotes = `import { openRepository } from "vecferry";
{
  await using repository = openRepository("http://localhost:6333");
  await repository.createCollectionOptimized({ name: "notes", vectorSize: 3 });
}`;
const embed = "const embed = async (texts: readonly string[]) => texts.map(() => [1, 0, 0]);";

export const settings: Readonly<Record<string, PageSettings>> = {
  "README.md": {
    first: {
      "npx vecferry migrate ./chroma_data http://localhost:6333 --target-collection knowledge --tenant-mapping tenants.json":
        ["cp block.json tenants.json"],
    },
    anew: [
      "npx vecferry migrate chroma://localhost:8000 http://localhost:6333",
      "npx vecferry plan ./chroma_data http://localhost:6333",
      "vecferry restore archive:./backup http://localhost:6333",
      "npx vecferry migrate ./chroma_data http://localhost:6333 --target-collection knowledge --tenant-mapping tenants.json",
    ],
    code: [
      ["", "await close();"],
      ['import { QdrantClient } from "@qdrant/js-client-rest";'],
      [`${madeNotes}\n${embed}`],
      [""],
    ],
  },
  "docs/archive-format.md": { before: ["vecferry backup ./docs_data archive:./folder"] },
  "docs/backup.md": {
    before: [toServer, toFolder, "vecferry backup http://localhost:6333 archive:./nightly"],
    first: { "python 1": ["rm -r rescue && vecferry backup ./docs_data archive:./rescue"] },
  },
  "docs/between-qdrants.md": {
    before: ["vecferry migrate ./chroma_data http://old:6333", toFolder],
  },
  "docs/checklist.md": {
    before: ["vecferry migrate ./chroma http://localhost:6333"],
    ends: {
      "vecferry checklist before ./chroma http://localhost:6333 --code ./my-app": [6, failedLine],
      "vecferry checklist after ./chroma http://localhost:6333": [6, failedLine],
      "vecferry checklist after": [6, failedLine],
    },
  },
  "docs/compare.md": {
    before: ["vecferry migrate chroma://localhost:8000 http://localhost:6333"],
    anew: ["vecferry migrate ./chroma_data http://localhost:6333 --compare --gate qdrant"],
  },
  "docs/doctor.md": { before: ["vecferry migrate ./chroma http://localhost:6333"] },
  "docs/export.md": {
    chroma: "empty",
    before: [
      `${toServer} --rename acme_docs=digi_knowledge`,
      `${toFolder} --rename acme_docs=docs --rename globex_docs=notes`,
      "vecferry backup ./docs_data archive:./before-the-move",
      "export CHROMA_PORT=8000",
    ],
  },
  "docs/faiss.md": {
    before: ["vecferry migrate ./docs_data faiss:./vectors --rename docs=articles"],
    first: {
      "python 2": [
        "mkdir articles",
        `python3 -c 'import pickle; pickle.dump([{"id": "1", "content": "x"}], open("articles/metadata.pkl", "wb"))'`,
      ],
    },
  },
  "docs/migrate.md": {
    ends: {
      "npx vecferry checklist before ./chroma_data http://localhost:6333": [6, failedLine],
      "npx vecferry checklist after": [6, failedLine],
    },
  },
  "docs/monitoring.md": {
    code: [
      [
        'import { Hono } from "hono";\nimport { connect } from "vecferry";\nconst app = new Hono();',
      ],
      [
        'import { Hono } from "hono";\nimport { connect, VectorDBHealthCheck } from "vecferry";\nconst app = new Hono();\nawait using connection = await connect();',
        'if ((await app.request("/readyz")).status !== 200) throw new Error("not ready");',
      ],
      [
        'import type { HybridVectorService } from "vecferry";\nconst more = (hybrid: HybridVectorService) => ({',
        "});\nvoid more;",
      ],
      [
        'import { HybridVectorService, openRepository, QdrantRepository } from "vecferry";',
        "await hybrid.catchUp();",
      ],
    ],
  },
  "docs/repository.md": {
    code: [
      [""],
      ['import { connect } from "vecferry";'],
      ['import { buildQdrantClient } from "vecferry";', "await client.getCollections();"],
      [""],
      [""],
      [""],
      [""],
    ],
  },
  "docs/rollback.md": {
    before: [
      "vecferry migrate chroma://localhost:8000 http://localhost:6333",
      "vecferry backup chroma://localhost:8000 archive:./before",
    ],
  },
  "docs/service.md": {
    code: [
      [madeNotes],
      [`import { connect } from "vecferry";\n${embed}`, "await connection[Symbol.asyncDispose]();"],
      [
        'import { connect, TenantGuard } from "vecferry";\nawait using connection = await connect();\nconst memberships = { of: async (_userId: string) => ["acme"] };\nconst queryEmbedding = [1, 0, 0];',
      ],
      [
        'import { Hono } from "hono";\nimport { connect, TenantGuard, type TenantVariables } from "vecferry";\nawait using connection = await connect();\nconst guard = new TenantGuard(connection, { getUserTenants: () => ["acme"], collection: "notes" });\nconst app = new Hono<TenantVariables & { Variables: { jwtPayload: { sub: string } } }>();\napp.use(async (c, next) => {\n  c.set("jwtPayload", { sub: "ada" });\n  await next();\n});',
        'if ((await app.request("/tenants/acme/count")).status !== 200) throw new Error("not let in");\nif ((await app.request("/tenants/globex/count")).status !== 403) throw new Error("let in");',
      ],
      [
        'import { FakeEmbeddings } from "@langchain/core/utils/testing";\nimport { connect } from "vecferry";\nawait using connection = await connect();\nawait using notes = connection.tenant("acme", { collection: "notes" });\nclass OllamaEmbeddings extends FakeEmbeddings {\n  constructor(_: { model: string }) {\n    super();\n  }\n}\nconst model = "any";',
        "void retriever;",
      ],
    ],
  },
  "docs/snapshots.md": {
    before: [
      `${toServer} --rename acme_docs=docs`,
      `${toFolder} --rename acme_docs=docs`,
      "vecferry migrate ./chroma_data http://server:6333",
    ],
    first: {
      "npx vecferry snapshot download http://localhost:6333 --collection docs --to ./fetched": [
        "vecferry snapshot create http://localhost:6333 --keep-on-server --to ./other",
      ],
      "npx vecferry snapshot recover http://localhost:6333 --from ./docs.snapshot --collection docs":
        ["cp fetched/*.snapshot docs.snapshot"],
    },
    anew: [
      "npx vecferry snapshot recover http://localhost:6333 --from ./docs.snapshot --collection docs",
    ],
  },
  "docs/stores.md": {
    code: [
      [""],
      [
        'import { connectTarget } from "vecferry";\nconst open = () => connectTarget("faiss:./mine");\nconst collections = () => [];',
      ],
    ],
  },
  "docs/tenants.md": {
    before: [
      `echo '{ "acme_docs": "acme", "globex_docs": "globex" }' > tenants.json`,
      `${toServer} --target-collection knowledge --tenant-mapping tenants.json`,
    ],
    code: [
      [
        'import { QdrantClient } from "@qdrant/js-client-rest";\nconst client = new QdrantClient({ url: "http://localhost:6333" });\nconst vector = [1, 0, 0, 0, 0, 0, 0, 0];',
        'if (points.length !== 10) throw new Error("nothing found");',
      ],
    ],
  },
  "docs/troubleshooting.md": { before: [toServer] },
};
