import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import { askEngine, type EngineCall, refusalOf } from "../../../support/ask-engine.ts";

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine(":memory:");
  await ask("createCollection", "texts", {
    vectors: { size: 2, distance: "Dot" },
    sparse_vectors: { s: {}, i: { modifier: "idf" } },
  });
});
afterAll(() => engine.close());

const ask = (...call: EngineCall) => askEngine(engine, ...call);
const refusal = (...call: EngineCall) => refusalOf(engine, ...call);
const model = "qdrant/bm25";

const put = (vector: unknown, id = 1) => ask("upsertPoints", "texts", { points: [{ id, vector }] });

async function vectorOf(id: number, name = "s") {
  const [point] = await ask("retrievePoints", "texts", { ids: [id], with_vector: true });
  return point.vector[name];
}

async function scoresOf(query: unknown): Promise<[number, number][]> {
  const { points } = await ask("queryPoints", "texts", { query, using: "s", limit: 4 });
  return points.map(({ id, score }: { id: number; score: number }) => [id, score]);
}

/** Answers of a server of 1.18.2 to the same text with these options. */
const text = "The Dogs dogs and ÉLAN vital Kühe";
const asEnglish = [491974759, 1061267272, 1312749093, 2091273601];
const asWritten = [491974759, 1061267272, 1132748958, 1432099133, 1515372845, 2091273601];
const answers: readonly (readonly [object | null, number[], number[]])[] = [
  [null, asEnglish, [1.6697302, 1.6697302, 1.8985336, 1.6697302]],
  [{ unknown: 1, stemmer: null }, asEnglish, [1.6697302, 1.6697302, 1.8985336, 1.6697302]],
  [{ k: 2 }, asEnglish, [1.9616858, 1.9616858, 2.3722007, 1.9616858]],
  [{ b: 0 }, asEnglish, [1, 1, 1.375, 1]],
  [{ avg_len: 5.5, b: 1, k: 0.5 }, asEnglish, [1.03125, 1.03125, 1.2222222, 1.03125]],
  [{ language: "none" }, asWritten, [1.660867, 1.660867, 1.660867, 1.8927912, 1.660867, 1.660867]],
  [{ min_token_len: 4 }, [491974759, 1061267272, 2091273601], [1.6786885, 1.6786885, 1.6786885]],
  [{ max_token_len: 3 }, [1312749093], [1.907213]],
  [
    { language: "german", stopwords: { custom: ["und"] } },
    [1061267272, 1132748958, 1312749093, 1515372845, 1758465725, 2091273601],
    [1.660867, 1.660867, 1.8927912, 1.660867, 1.660867, 1.660867],
  ],
  [
    { tokenizer: "prefix", min_token_len: 2, max_token_len: 3 },
    [83964416, 426488472, 435972363, 747690075, 1312749093, 1518651811, 1606512630, 1971232099],
    [1.6477473, 1.6477473, 1.6477473, 1.6477473, 1.8842422, 1.8842422, 1.6477473, 1.6477473],
  ],
];

describe("a text in place of a sparse vector", () => {
  it.each(answers)(
    "becomes what a server makes of it with options %j",
    async (options, ...given) => {
      const [indices, values] = given;
      await put({ s: { text, model, options } });
      expect(await vectorOf(1)).toEqual({ indices, values });
    },
  );

  it("is none where nothing of it counts", async () => {
    await put({ s: { text: "the", model } });
    expect(await vectorOf(1)).toEqual({ indices: [], values: [] });
  });

  it("may be given by every way of writing, and as a list", async () => {
    const dog = { indices: [1312749093], values: [1.6877434] };
    await ask("upsertPoints", "texts", {
      batch: { ids: [3, 4], vectors: { s: [{ text: "a dog", model: "BM25" }, ["dogs", model]] } },
    });
    expect([await vectorOf(3), await vectorOf(4)]).toEqual([dog, dog]);
    const points = [{ id: 3, vector: { i: { text: "cats cats", model } } }];
    await ask("updateVectors", "texts", { points });
    expect(await vectorOf(3, "i")).toEqual({ indices: [1751422759], values: [1.907213] });
  });

  it("is searched by a text, each word once and as much as another", async () => {
    await ask("deletePoints", "texts", { points: [3, 4] });
    await put({ s: { text, model } });
    await put({ s: { text: "a dog", model } }, 2);
    const query = { text: "The Dogs, dogs vitally", model };
    for (const each of [query, { nearest: query }, ["The Dogs vitally", model]]) {
      expect(await scoresOf(each)).toEqual([
        [1, 3.5682638],
        [2, 1.6877434],
      ]);
    }
    const { points } = await ask("queryPoints", "texts", {
      prefetch: [{ query, using: "s" }],
      query: { fusion: "rrf" },
    });
    expect(points).toHaveLength(2);
  });
});

describe("a text that no vector is made of", () => {
  const wrong = (words: string) => [400, `Wrong input: ${words}`];
  const config = (words: string) =>
    wrong(`Invalid BM25 config: Error(${JSON.stringify(words)}, line: 0, column: 0)`);

  it.each([
    [{ k: -1.5 }, wrong("BM25 k1 must be finite and >= 0, got -1.5")],
    [{ b: 2 }, wrong("BM25 b must be finite and in [0.0, 1.0], got 2")],
    [{ avg_len: 0 }, wrong("BM25 avg_doc_len must be finite and > 0, got 0")],
    [{ k: "a" }, config('invalid type: string "a", expected f64')],
    [{ k: null }, config("invalid type: null, expected f64")],
    [{ lowercase: 1 }, config("invalid type: integer `1`, expected a boolean")],
    [{ min_token_len: -1 }, config("invalid value: integer `-1`, expected usize")],
    [{ min_token_len: 1.5 }, config("invalid type: floating point `1.5`, expected usize")],
    [{ tokenizer: null }, config("invalid type: null, expected string or map")],
    [
      { tokenizer: "x" },
      config("unknown variant `x`, expected one of `prefix`, `whitespace`, `word`, `multilingual`"),
    ],
    [
      { stopwords: "xx" },
      config("data did not match any variant of untagged enum StopwordsInterface"),
    ],
    [{ stemmer: 5 }, config("data did not match any variant of untagged enum StemmingAlgorithm")],
  ])("is told so for options %j", async (options, told) => {
    const vector = { s: { text, model, options } };
    expect(await refusal("upsertPoints", "texts", { points: [{ id: 1, vector }] })).toEqual(told);
    const query = { text, model, options };
    expect(await refusal("queryPoints", "texts", { query, using: "s" })).toEqual(told);
  });

  const one = { text, model };
  it.each([
    ["upsertPoints", { points: [{ id: 1, vector: one }] }],
    ["updateVectors", { points: [{ id: 1, vector: one }] }],
    ["upsertPoints", { batch: { ids: [1], vectors: [one] } }],
  ] as const)("is one without a name: %s %j", async (operation, body) => {
    expect(await refusal(operation, "texts", body)).toEqual([
      400,
      expect.stringContaining("named"),
    ]);
  });

  it("is an image, and a text for another model", async () => {
    const query = { image: "dog.png", model };
    expect(await refusal("queryPoints", "texts", { query, using: "s" })).toEqual(
      wrong("Only text input is supported for qdrant/bm25."),
    );
    const other = { text, model: "openai/small" };
    expect(await refusal("queryPoints", "texts", { query: other, using: "s" })).toEqual([
      501,
      expect.stringContaining("other models"),
    ]);
  });

  it("is one in a search of the older kind", async () => {
    const vector = { name: "s", vector: one };
    expect(await refusal("search", "texts", { vector, limit: 1 })).toEqual([
      400,
      expect.stringContaining("NamedVectorStruct"),
    ]);
  });
});
