/**
 * The judge of a copy: reads a Qdrant with plain HTTP and compares it with what a Chroma server answered. It imports
 * nothing of the project, so that no fault of ours can hide behind itself.
 */

/** A number keeps its JSON text's type: `{ int: "2" }` and `{ float: 2 }` differ. */
type Typed =
  | null
  | boolean
  | string
  | { int: string }
  | { float: number }
  | Typed[]
  | { [key: string]: Typed };

/** What a Chroma server's `get` answered for one collection. */
export interface Answers {
  ids: string[];
  /** A row is null where the record has no vector; shorter than `ids` where a server loses count. */
  embeddings: ((number | null)[] | null)[];
  documents: (string | null)[];
  metadatas: Typed[];
  uris: (string | null)[];
  /** The vectors as they were sent, where that was recorded: they stand in where a server has lost its own. */
  sent?: Record<string, number[]>;
}

export interface Verdict {
  /** Records that the target lacks. */
  missing: string[];
  /** Points that no record stands for. */
  extra: string[];
  /** Everything that differs, one sentence each. */
  faults: string[];
  /** Vector components compared bit for bit, and those of them that differed by 1 or 2 ulp under cosine. */
  components: number;
  roundedComponents: number;
  /** Floats that the server itself rounds, and whose digits stand in the mark's `exact`. */
  roundedFloats: number;
}

export interface Qdrant {
  url: string;
  headers?: Record<string, string>;
}

const parseWithSource = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;

function parseTyped(text: string): unknown {
  return parseWithSource(text, (_key, value, { source }) => {
    if (typeof value !== "number" || source === undefined) return value;
    return /^-?\d+$/.test(source) ? { int: source } : { float: value };
  });
}

/**
 * Reads an answers file: numbers of metadata typed, embeddings plain. Collections stand at the top by a short name, or
 * below `collections` by `tenant/database/name`; one that the server could not answer is left out.
 */
export function readAnswers(text: string): Map<string, Answers> {
  const typed = entries(parseTyped(text));
  const plain = entries(JSON.parse(text));
  return new Map(
    [...typed].map(([name, answer]) => [
      name,
      {
        ...answer,
        embeddings: plain.get(name)?.embeddings ?? [],
        sent: plain.get(name)?.sent ?? {},
      },
    ]),
  );
}

function entries(file: unknown): Map<string, Answers> {
  const { collections = file } = file as { collections?: unknown };
  const found = Object.entries(
    collections as Record<string, Answers & { answer?: Answers; sent?: Record<string, number[]> }>,
  );
  return new Map(
    found
      .map(([name, entry]): [string, Answers] => [
        name,
        entry.answer === undefined ? entry : { ...entry.answer, sent: entry.sent ?? {} },
      ])
      .filter(([, { ids }]) => ids !== undefined),
  );
}

interface Point {
  id: unknown;
  vector: number[];
  payload: { [key: string]: Typed };
}

/** Every point of a collection, by plain HTTP. */
export async function readPoints(qdrant: Qdrant, collection: string): Promise<Point[]> {
  const points: Point[] = [];
  for (let offset: unknown = null; ; ) {
    const body = JSON.stringify({
      limit: 500,
      with_payload: true,
      with_vector: true,
      ...(offset === null ? {} : { offset }),
    });
    const response = await fetch(
      `${qdrant.url}/collections/${encodeURIComponent(collection)}/points/scroll`,
      {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "accept-encoding": "identity",
          // A connection that was kept may be one that the server is just closing.
          connection: "close",
          ...qdrant.headers,
        },
        body,
      },
    );
    const text = await response.text();
    if (response.status !== 200)
      throw new Error(`scroll of ${collection}: ${response.status} ${text}`);
    const typed = parseTyped(text) as { result: { points: Point[] } };
    const plain = JSON.parse(text) as { result: { points: Point[]; next_page_offset: unknown } };
    typed.result.points.forEach((point, row) => {
      const { id, vector } = plain.result.points[row] as Point;
      points.push({ ...point, id, vector });
    });
    offset = plain.result.next_page_offset;
    if (offset === null || offset === undefined) return points;
  }
}

/** Compares a target collection in the default layout with the answers, record by record, type by type and bit by bit. */
export async function judge(
  qdrant: Qdrant,
  collection: string,
  answers: Answers,
  options: { cosine: boolean; tenant?: string; sourceName?: string },
): Promise<Verdict> {
  const verdict: Verdict = {
    missing: [],
    extra: [],
    faults: [],
    components: 0,
    roundedComponents: 0,
    roundedFloats: 0,
  };
  const byId = new Map<string, Point>();
  for (const point of await readPoints(qdrant, collection)) {
    const mark = point.payload["_vecferry"] as { id: string; collection?: string };
    if (options.sourceName !== undefined && mark?.collection !== options.sourceName) continue;
    if (byId.has(mark.id)) verdict.faults.push(`${mark.id}: two points`);
    byId.set(mark.id, point);
  }
  answers.ids.forEach((id, row) => {
    const point = byId.get(id);
    byId.delete(id);
    if (point === undefined) verdict.missing.push(id);
    else compare(id, row, point, answers, options, verdict);
  });
  verdict.extra.push(...byId.keys());
  return verdict;
}

function compare(
  id: string,
  row: number,
  point: Point,
  answers: Answers,
  options: { cosine: boolean; tenant?: string },
  verdict: Verdict,
): void {
  const { payload } = point;
  const mark = payload["_vecferry"] as { [key: string]: Typed };
  const metadata = unrounded(payload["metadata"] ?? {}, mark["exact"], verdict);
  const expected: [string, Typed, Typed][] = [
    ["document", answers.documents[row] ?? null, payload["document"] ?? null],
    ["uri", answers.uris[row] ?? null, mark["uri"] ?? null],
    ["metadata", answers.metadatas[row] ?? {}, metadata],
    ["tenant", options.tenant ?? null, payload["tenant_id"] ?? null],
  ];
  for (const [field, wanted, found] of expected) {
    if (canonical(wanted) !== canonical(found))
      verdict.faults.push(`${id}: ${field} is ${canonical(found)}, not ${canonical(wanted)}`);
  }
  const known = [
    "document",
    "metadata",
    "_vecferry",
    ...(options.tenant === undefined ? [] : ["tenant_id"]),
  ];
  const strange = Object.keys(payload).filter((key) => !known.includes(key));
  if (strange.length > 0) verdict.faults.push(`${id}: the payload has ${strange.join(", ")}`);
  if (answers.embeddings.length !== answers.ids.length) return;
  compareVector(
    id,
    answers.embeddings[row] ?? answers.sent?.[id] ?? [],
    point.vector,
    options.cosine,
    verdict,
  );
}

function compareVector(
  id: string,
  answered: (number | null)[],
  found: number[],
  cosine: boolean,
  verdict: Verdict,
): void {
  const source = Float32Array.from(answered, (component) => component ?? Number.NaN);
  const norm = cosine
    ? Math.sqrt(source.reduce((sum, component) => sum + component * component, 0))
    : 1;
  const wanted = new Int32Array(Float32Array.from(source, (component) => component / norm).buffer);
  const bits = new Int32Array(Float32Array.from(found).buffer);
  if (bits.length !== wanted.length) {
    verdict.faults.push(`${id}: the vector has ${bits.length} components, not ${wanted.length}`);
    return;
  }
  for (const [index, component] of wanted.entries()) {
    const ulps = Math.abs(component - (bits[index] ?? 0));
    verdict.components += 1;
    if (ulps !== 0 && cosine && ulps <= 2) verdict.roundedComponents += 1;
    else if (ulps !== 0) verdict.faults.push(`${id}: component ${index} differs by ${ulps} ulp`);
  }
}

/**
 * A real Qdrant reads some floats of 16 and 17 digits one step off (its JSON reader rounds twice); their digits are noted
 * as text under the mark's `exact`, by JSON pointer. The note counts only where the stored float is that neighbour.
 */
function unrounded(metadata: Typed, exact: Typed | undefined, verdict: Verdict): Typed {
  const copy = structuredClone(metadata);
  for (const [pointer, text] of Object.entries((exact ?? {}) as Record<string, string>)) {
    const steps = pointer
      .slice(1)
      .split("/")
      .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = steps.pop() ?? "";
    const holder = steps.reduce(
      (value, step) => (value as Record<string, Typed>)[step] as Typed,
      copy,
    ) as Record<string, Typed>;
    const stored = holder[last] as { float: number };
    const wanted = Number(text);
    if (!(Math.abs(stored.float - wanted) <= Math.abs(wanted) * 1e-14)) continue;
    if (stored.float !== wanted) verdict.roundedFloats += 1;
    holder[last] = { float: wanted };
  }
  return copy;
}

/** One text for one value: keys sorted, numbers typed. */
function canonical(value: Typed): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, Typed>)[key] ?? null)}`).join(",")}}`;
}
