/** Which way of holding vectors suits whom: three questions, a recommendation, and the matrix behind it. */

/** The ways, in the order of the matrix. */
export const ways = ["cloud", "cluster", "server", "embedded", "chroma", "faiss"] as const;
export type Way = (typeof ways)[number];

/** What one way is like. */
export interface WayTraits {
  readonly title: string;
  readonly complexity: string;
  readonly reliability: string;
  readonly performance: string;
  readonly cost: string;
  /** What to type next. */
  readonly next: string;
}

/** The four columns of the matrix. */
export const traits = ["complexity", "reliability", "performance", "cost"] as const;

/** More vectors than an embedded Qdrant is meant for. */
export const embeddedVectorsMax = 1_000_000;
/** About where one machine's memory ends: 50 million vectors of 768 dimensions are 143 GiB before any index. */
export const serverVectorsMax = 50_000_000;

/** The matrix. */
export const matrix: Readonly<Record<Way, WayTraits>> = {
  cloud: {
    title: "Qdrant Cloud",
    complexity: "low: an address and a key; somebody else upgrades and backs up",
    reliability: "high: replicas, where the cluster has several nodes",
    performance: "high; every query crosses the network",
    cost: "by the hour and the size; a free cluster of 1 GiB to begin with",
    next: "vecferry deploy cloud",
  },
  cluster: {
    title: "Qdrant, three nodes",
    complexity: "high: Kubernetes, upgrades one node at a time, snapshots of each shard",
    reliability: "high: goes on while a node is away, with replication factor 2",
    performance: "high; shards share the work, the slowest decides",
    cost: "three machines, twice the memory of the data, somebody's time",
    next: "vecferry deploy k8s",
  },
  server: {
    title: "Qdrant, one server",
    complexity: "moderate: one container or one binary, backups of your own",
    reliability: "moderate: away while its machine is; what was acknowledged stays",
    performance: "high, to about 50 million vectors by the memory of one machine",
    cost: "one machine",
    next: "vecferry deploy compose",
  },
  embedded: {
    title: "Qdrant's API embedded in Node",
    complexity: "very low: nothing runs beside the program",
    reliability: "moderate: one process, one folder, durable by SQLite",
    performance: "good to a million vectors: exact search, or HNSW with usearch",
    cost: "nothing but the program's own memory",
    next: "vecferry serve ./qdrant-data",
  },
  chroma: {
    title: "Chroma, as it is",
    complexity: "very low: a Python package and a folder",
    reliability: "low: one process, no replicas",
    performance: "good to about a million vectors; filters are slower",
    cost: "nothing but the program's own memory",
    next: "vecferry backup ./chroma archive:./backup",
  },
  faiss: {
    title: "FAISS files",
    complexity: "low to begin with: no filters, no payload, no service; the rest is yours to write",
    reliability: "low: a file that is written as a whole",
    performance: "very high, for sets that do not change",
    cost: "nothing but the program's own memory",
    next: "vecferry migrate ./chroma faiss:./vectors",
  },
};

/** What the vectors are for. */
export const uses = ["service", "node", "python", "fixed"] as const;
/** Who keeps it running, and what of it may be away. */
export const keepers = ["nobody", "one-machine", "always"] as const;

export interface Answers {
  readonly use: (typeof uses)[number];
  readonly vectors: number;
  readonly keeper: (typeof keepers)[number];
}

/** A question with the words that answer it. */
export interface Question {
  readonly text: string;
  /** Each word with what it means; none where the answer is a number. */
  readonly answers: Readonly<Record<string, string>>;
}

/** The three questions, by the answer that each gives. */
export const questions: Readonly<Record<keyof Answers, Question>> = {
  use: {
    text: "What searches the vectors?",
    answers: {
      service: "an application that others use, with filters or tenants",
      node: "one Node program: a laptop, tests, CI, a small tool",
      python: "one Python program, a prototype",
      fixed: "a batch over a set that does not change, without filters",
    },
  },
  vectors: { text: "How many vectors will it be in a year? (200000, 200k or 2m)", answers: {} },
  keeper: {
    text: "Who keeps it running?",
    answers: {
      nobody: "nobody here: it is to be somebody else's work",
      "one-machine": "we do; it may be away while its machine is",
      always: "we do; it must go on when a machine fails",
    },
  },
};

/** What is recommended, and why. */
export interface Recommendation {
  readonly way: Way;
  readonly why: string;
}

/** The way that suits these answers: by the use where one process is enough, else by who keeps it, else by the size. */
export function recommend({ use, vectors, keeper }: Answers): Recommendation {
  if (use === "fixed")
    return {
      way: "faiss",
      why: "A set that does not change and is not filtered needs no database.",
    };
  const isSmall = vectors <= embeddedVectorsMax;
  if (use === "python" && isSmall)
    return {
      way: "chroma",
      why: "A prototype of this size gains little by moving; keep a backup.",
    };
  if (use === "node" && isSmall)
    return {
      way: "embedded",
      why: "One Node process of this size needs no server, and the same code points at one later.",
    };
  if (keeper === "nobody")
    return { way: "cloud", why: "Nobody has to keep it running, upgrade it or back it up." };
  if (keeper === "always")
    return { way: "cluster", why: "Only replicas on several machines go on when one fails." };
  if (vectors > serverVectorsMax)
    return { way: "cluster", why: "That many vectors do not fit the memory of one machine." };
  return { way: "server", why: "One server holds that many, and is the least to look after." };
}

/** The matrix as a table of Markdown. */
export function matrixMarkdown(): string {
  const head = ["way", ...traits, "next"];
  const rows = ways.map((way) => {
    const { title, next, ...rest } = matrix[way];
    return [title, ...traits.map((trait) => rest[trait]), `\`${next}\``];
  });
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
