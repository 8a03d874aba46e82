/** What a program uses of Chroma: how each use is told in its language, and what stands in its place with a Qdrant. */
import { pointNamespace } from "../../model/point-id.ts";
import { qdrantImageName } from "../../model/releases.ts";

export const useKinds = [
  "import",
  "framework",
  "client",
  "collection",
  "write",
  "query",
  "query-texts",
  "where",
  "dependency",
  "service",
  "variable",
] as const;
export type UseKind = (typeof useKinds)[number];

/** `javascript` is TypeScript too. */
export type Language = "python" | "javascript";

interface Use {
  readonly kind: UseKind;
  readonly pattern: RegExp;
  /** Whether it is Chroma's by its name alone; others count in a file that has one that is. */
  readonly own: boolean;
  readonly instead: string;
}

const pythonPoint = `models.PointStruct(id=str(uuid.uuid5(uuid.UUID("${pointNamespace}"), ID)), vector=EMBEDDING, payload={"document": TEXT, "metadata": {}})`;

const python: readonly Use[] = [
  {
    kind: "import",
    pattern: /^\s*(?:import\s+chromadb\b|from\s+chromadb\b[\w.]*\s+import\b)/,
    own: true,
    instead: "from qdrant_client import QdrantClient, models",
  },
  {
    kind: "framework",
    pattern:
      /\blangchain_chroma\b|\blangchain\w*\.vectorstores(?:\.chroma)?\s+import\s+.*\bChroma\b/,
    own: true,
    instead:
      "from langchain_qdrant import QdrantVectorStore (records carried with `vecferry migrate SOURCE TARGET --layout langchain`)",
  },
  {
    kind: "framework",
    pattern: /\bllama_index\.vector_stores\.chroma\b|\bChromaVectorStore\b/,
    own: true,
    instead:
      "from llama_index.vector_stores.qdrant import QdrantVectorStore (records carried with `vecferry migrate SOURCE TARGET --layout llamaindex`)",
  },
  {
    kind: "client",
    pattern:
      /\b(?:chromadb\.Client|(?:Async)?HttpClient|PersistentClient|EphemeralClient|CloudClient)\s*\(/,
    own: false,
    instead: 'QdrantClient(url=os.environ["QDRANT_URL"], api_key=os.environ.get("QDRANT_API_KEY"))',
  },
  {
    kind: "collection",
    pattern: /\bget_or_create_collection\b/,
    own: true,
    instead:
      "client.collection_exists(NAME) or client.create_collection(NAME, vectors_config=models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE))",
  },
  {
    kind: "collection",
    pattern: /\.(?:create|get|list|delete)_collections?\s*\(/,
    own: false,
    instead:
      "the call of the same name of QdrantClient: create_collection, get_collection, get_collections, delete_collection",
  },
  {
    kind: "write",
    pattern: /\b\w*collection\w*\.(?:add|upsert|update)\s*\(/i,
    own: false,
    instead: `client.upsert(NAME, points=[${pythonPoint}])`,
  },
  {
    kind: "query-texts",
    pattern: /\bquery_texts\b/,
    own: true,
    instead:
      "client.query_points(NAME, query=embed(TEXT), limit=N), embed with the model that made the embeddings",
  },
  {
    kind: "query",
    pattern: /\bquery_embeddings\b|\b\w*collection\w*\.(?:query|get|peek)\s*\(/i,
    own: false,
    instead:
      "client.query_points(NAME, query=EMBEDDING, limit=N); by ids: client.retrieve(NAME, ids=IDS)",
  },
  {
    kind: "where",
    pattern:
      /\bwhere(?:_document)?\s*=(?!=)|["']\$(?:eq|ne|gte?|lte?|n?in|and|or|(?:not_)?contains)["']\s*:/,
    own: false,
    instead:
      'query_filter=models.Filter(must=[models.FieldCondition(key="metadata.KEY", match=models.MatchValue(value=VALUE))])',
  },
];

const javascript: readonly Use[] = [
  {
    kind: "import",
    pattern:
      /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["'](?:chromadb(?:-client|-default-embed)?|@chroma-core\/[\w-]+)["']/,
    own: true,
    instead: 'import { connect } from "vecferry";',
  },
  {
    kind: "framework",
    pattern: /["']@?langchain[\w/-]*\/vectorstores\/chroma["']/,
    own: true,
    instead:
      'import { QdrantVectorStore } from "@langchain/qdrant"; (records carried with `vecferry migrate SOURCE TARGET --layout langchain`)',
  },
  {
    kind: "client",
    pattern: /\bnew\s+(?:ChromaClient|AdminClient|CloudClient)\s*\(/,
    own: false,
    instead: "const connection = await connect({ url: process.env.QDRANT_URL });",
  },
  {
    kind: "collection",
    pattern: /\bgetOrCreateCollection\b/,
    own: true,
    instead:
      "connection.repository.createCollectionOptimized({ name, vectorSize }), then connection.tenant(TENANT, { collection: name })",
  },
  {
    kind: "collection",
    pattern: /\.(?:create|get|list|delete)Collections?\s*\(/,
    own: false,
    instead: "connection.tenant(TENANT, { collection: NAME })",
  },
  {
    kind: "write",
    pattern: /\b\w*collection\w*\.(?:add|upsert|update)\s*\(/i,
    own: false,
    instead: "await service.addDocuments([{ id, content, embedding, metadata }])",
  },
  {
    kind: "query-texts",
    pattern: /\bqueryTexts\b/,
    own: true,
    instead:
      "await service.semanticSearch({ query: TEXT, nResults }), with connect({ embed, model })",
  },
  {
    kind: "query",
    pattern: /\bqueryEmbeddings\b|\b\w*collection\w*\.(?:query|get|peek)\s*\(/i,
    own: false,
    instead:
      "await service.semanticSearch({ queryEmbedding, nResults }); by ids: await service.get(ids)",
  },
  {
    kind: "where",
    pattern: /\bwhere(?:Document)?\s*:|[{,]\s*where(?:Document)?\s*[,}]/,
    own: false,
    instead: "metadataFilter: the same object, operators and all",
  },
];

export const codeUses: Readonly<Record<Language, readonly Use[]>> = { python, javascript };

/** Python's names as PyPI compares them: lower case, one hyphen for each run of `-_.`. */
const dependencies: Readonly<Record<string, string>> = {
  chromadb: "qdrant-client (Python), vecferry (JavaScript)",
  "chromadb-client": "qdrant-client (Python), vecferry (JavaScript)",
  "chromadb-default-embed": "the library of the model that made the embeddings",
  "chroma-hnswlib": "nothing: it is Chroma's own",
  "langchain-chroma": "langchain-qdrant",
  "llama-index-vector-stores-chroma": "llama-index-vector-stores-qdrant",
};

/** What takes a package's place; null = it is none of Chroma's. */
export function dependencyInstead(name: string): string | null {
  const plain = name.toLowerCase();
  if (plain.startsWith("@chroma-core/")) return "the library of the model that made the embeddings";
  const key = plain.replaceAll(/[-_.]+/g, "-");
  return Object.hasOwn(dependencies, key) ? (dependencies[key] ?? null) : null;
}

/** The image of a Chroma server, as compose files, manifests and Dockerfiles name it. */
export const chromaImage = /(?:^|[\s"'/=])((?:[\w.-]+\/)*(?:chromadb|chroma-core)\/chroma)\b/;
export const serviceInstead = `${qdrantImageName} (\`vecferry deploy compose\` writes the service)`;
