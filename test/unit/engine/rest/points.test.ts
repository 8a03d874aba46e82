import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Engine,
  openEngine,
  type RestOperation,
  type RestRequest,
} from "../../../../src/engine/index.ts";
import { isVectorError } from "../../../../src/errors.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await openEngine(":memory:");
  await ask("createCollection", '{"vectors":{"size":2,"distance":"Dot"}}');
  await ask("upsertPoints", '{"points":[{"id":1,"vector":[1,1],"payload":{"a":1}}]}');
});
afterEach(() => engine.close());

type Params = RestRequest["params"];

async function ask(operation: RestOperation, body: string | null, params: Params = {}) {
  const text = await engine.ask({ operation, collection: "c", params, body });
  const answer: unknown = JSON.parse(text);
  return answer;
}

/** What a request that is refused hears. */
async function refusal(operation: RestOperation, body: string | null, params: Params = {}) {
  try {
    return await ask(operation, body, params);
  } catch (error) {
    if (!isVectorError(error)) throw error;
    return [error.details["status"], error.message];
  }
}

async function payloads(): Promise<unknown> {
  return ask("retrievePoints", '{"ids":[1,2],"with_payload":true}');
}

const both = '"points":[{"id":1,"vector":[2,2],"payload":{"a":2}},{"id":2,"vector":[3,3]}]';

// The answers below are those of a real 1.18.2 to the same requests.
describe("points that are written", () => {
  it("are only those that are not there, where the mode is insert_only", async () => {
    await ask("upsertPoints", `{${both},"update_mode":"insert_only"}`);
    expect(await payloads()).toEqual([
      { id: 1, payload: { a: 1 } },
      { id: 2, payload: {} },
    ]);
  });

  it("are only those that are there, where the mode is update_only", async () => {
    await ask("upsertPoints", `{${both},"update_mode":"update_only"}`);
    expect(await payloads()).toEqual([{ id: 1, payload: { a: 2 } }]);
  });

  it("are new ones, and those that fit the filter", async () => {
    const filter = (value: number) =>
      `"update_filter":{"must":[{"key":"a","match":{"value":${value}}}]}`;
    await ask("upsertPoints", `{${both},${filter(9)}}`);
    expect(await payloads()).toEqual([
      { id: 1, payload: { a: 1 } },
      { id: 2, payload: {} },
    ]);
    await ask("upsertPoints", `{${both},${filter(1)}}`);
    expect(await payloads()).toMatchObject([{ payload: { a: 2 } }, {}]);
  });

  it("may come as columns, as many of each as there are ids", async () => {
    await ask("upsertPoints", '{"batch":{"ids":[2],"vectors":[[5,6]],"payloads":[{"b":1}]}}');
    expect(await payloads()).toMatchObject([{}, { id: 2, payload: { b: 1 } }]);
    expect(await refusal("upsertPoints", '{"batch":{"ids":[1,2],"vectors":[[1,2]]}}')).toEqual([
      422,
      "Validation error in JSON body: [batch.batch: number of ids and vectors must be equal (2 != 1)]",
    ]);
  });

  it("are refused whole where one is wrong", async () => {
    const wrong = '{"points":[{"id":2,"vector":[1,1]},{"id":3,"vector":[1,1,1]}]}';
    expect(await refusal("upsertPoints", wrong)).toEqual([
      400,
      "Wrong input: Vector dimension error: expected dim: 2, got 3",
    ]);
    expect(await ask("countPoints", "{}")).toEqual({ count: 1 });
  });

  it("go to no shard key, for there is none", async () => {
    expect(await refusal("upsertPoints", `{${both},"shard_key":"k"}`)).toEqual([
      400,
      'Wrong input: Shard key "k" not found',
    ]);
    expect(await refusal("countPoints", '{"shard_key":5}')).toEqual([
      400,
      "Bad request: Shard key 5 not found",
    ]);
  });
});

describe("a batch of changes", () => {
  it("is made in turn, and every change has an answer", async () => {
    const operations = [
      `{"upsert":{${both}}}`,
      '{"set_payload":{"payload":{"b":1},"points":[2]}}',
      '{"overwrite_payload":{"payload":{"c":1},"points":[1]}}',
      '{"delete_payload":{"keys":["b"],"points":[2]}}',
      '{"clear_payload":{"points":[1]}}',
      '{"delete":{"points":[2]}}',
    ];
    const answers = await ask("batchUpdate", `{"operations":[${operations}]}`, { wait: "true" });
    expect(answers).toMatchObject(operations.map(() => ({ status: "completed" })));
    expect(await payloads()).toEqual([{ id: 1, payload: {} }]);
  });

  it("keeps the changes before one that is refused, and makes none after it", async () => {
    const operations = [2, 3, 4].map(
      (id) => `{"upsert":{"points":[{"id":${id},"vector":[1${",1".repeat(id - 2)},1]}]}}`,
    );
    const [status] = [await refusal("batchUpdate", `{"operations":[${operations}]}`)].flat();
    expect(status).toBe(400);
    expect(await ask("retrievePoints", '{"ids":[2,3,4]}')).toEqual([{ id: 2 }]);
  });

  it("refuses what is no change before it makes any", async () => {
    const wrong = `{"operations":[{"delete":{"points":[1]}},{"foo":{}}]}`;
    expect(await refusal("batchUpdate", wrong)).toEqual([
      400,
      "Format error in JSON body: data did not match any variant of untagged enum UpdateOperation",
    ]);
    expect(await ask("countPoints", "{}")).toEqual({ count: 1 });
  });
});

describe("parameters", () => {
  it.each<[RestOperation, Params, number, string]>([
    ["deletePoints", { wait: "yes" }, 400, "provided string was not `true` or `false`"],
    ["deletePoints", { timeout: "x" }, 400, "invalid digit found in string"],
    [
      "deletePoints",
      { ordering: "x" },
      400,
      "unknown variant `x`, expected one of `weak`, `medium`, `strong`",
    ],
    ["countPoints", { timeout: "0" }, 400, "invalid value: integer `0`, expected a nonzero u64"],
    [
      "countPoints",
      { consistency: "x" },
      400,
      "failed to deserialize read consistency query parameter value 'x'",
    ],
  ])("of %s are checked: %o", async (operation, params, status, words) => {
    expect(await refusal(operation, '{"points":[1]}', params)).toEqual([
      status,
      `Deserialize error in query parameters: ${words}`,
    ]);
  });

  it("that an operation does not have are passed over", async () => {
    expect(await ask("countPoints", "{}", { wait: "yes", ordering: "x" })).toEqual({ count: 1 });
  });

  it("say whether the caller waits, who is then told of points that are not there", async () => {
    const body = '{"payload":{"x":1},"points":[9]}';
    expect(await ask("setPayload", body, { wait: "false" })).toMatchObject({
      status: "acknowledged",
    });
    expect(await refusal("setPayload", body, { wait: "true" })).toEqual([
      404,
      "Not found: No point with id 9 found",
    ]);
  });
});

describe("a page's limit", () => {
  it.each([
    [
      "0",
      422,
      "Validation error in JSON body: [scroll_request.limit: value 0 invalid, must be 1 or larger]",
    ],
    ["-1", 400, "Format error in JSON body: invalid value: integer `-1`, expected usize"],
    ["1.5", 400, "Format error in JSON body: invalid type: floating point `1.5`, expected usize"],
    ['"a"', 400, 'Format error in JSON body: invalid type: string "a", expected usize'],
  ])("of %s is refused in Qdrant's words", async (limit, status, words) => {
    expect(await refusal("scrollPoints", `{"limit":${limit}}`)).toEqual([status, words]);
  });
});

describe("a point id", () => {
  const bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255];
  const uuid = "01020304-0506-0708-090a-0b0c0d0e0fff";

  it("may be the list of a UUID's bytes, and more behind them", async () => {
    const id = JSON.stringify(bytes);
    await ask("upsertPoints", `{"points":[{"id":${id},"vector":[2,2]}]}`);
    const longer = JSON.stringify([...bytes, 1]);
    expect(await ask("retrievePoints", `{"ids":[${longer}]}`)).toEqual([{ id: uuid }]);
    const filter = `{"must":[{"has_id":[${id}]}]}`;
    const found = await ask("queryPoints", `{"filter":${filter}}`);
    expect(found).toEqual({ points: [{ id: uuid, version: 0, score: 1 }] });
  });

  it.each([
    ["too short", bytes.slice(1)],
    ["of what is no byte", [...bytes.slice(1), 256]],
    ["of other things", [...bytes.slice(1), "1"]],
  ])("is no list that is %s", async (_, list) => {
    const [status, words] = (await refusal(
      "retrievePoints",
      `{"ids":[${JSON.stringify(list)}]}`,
    )) as [number, string];
    expect(status).toBe(400);
    expect(words).toContain("is not a valid point ID");
  });
});

describe("a body", () => {
  it.each([
    ["", "EOF while parsing a value at line 1 column 0"],
    ['{"ids":1}', "invalid type: integer `1`, expected a sequence"],
    ["{}", "missing field `ids`"],
    [
      '{"ids":[],"with_payload":3}',
      "Expected a boolean, an array of strings, or an object with an include/exclude field",
    ],
  ])("of %s is refused in Qdrant's words", async (body, words) => {
    expect(await refusal("retrievePoints", body)).toEqual([
      400,
      `Format error in JSON body: ${words}`,
    ]);
  });

  it.each([
    ["retrievePoints", '"ids":[1]', "ids"],
    ["countPoints", '"exact":true', "exact"],
    ["queryPoints", '"limit":1', "limit"],
    ["deletePoints", '"points":[1]', "points"],
  ] as const)(
    "of %s in which a field stands twice is refused, and one that nobody reads is none",
    async (operation, member, name) => {
      const other = '"other":{"a":1},"other":{"a":1}';
      expect(await refusal(operation, `{${member},${member}}`)).toEqual([
        400,
        expect.stringContaining(`Format error in JSON body: duplicate field \`${name}\``),
      ]);
      await expect(ask(operation, `{${other},${member}}`)).resolves.toBeDefined();
    },
  );

  it("that is no UTF-8 is refused", async () => {
    const body = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    const request = { operation: "scrollPoints", collection: "c", params: {}, body } as const;
    await expect(engine.ask(request)).rejects.toThrow("invalid unicode code point");
  });

  it("are refused, and harm nothing, where an object stands in a value's place and has a toString of its own", async () => {
    const odd = '{"toString":1,"valueOf":null}';
    for (const part of [
      `"update_filter":{"must":[{"key":"a","values_count":{"gte":${odd}}}]}`,
      `"update_filter":{"must":[{"key":"a","range":{"gte":${odd}}}]}`,
      `"update_filter":{"must":[{"key":"a","match":${odd}}]}`,
      `"update_mode":${odd}`,
    ])
      expect(await refusal("upsertPoints", `{${both},${part}}`)).toEqual([400, expect.any(String)]);
  });
});
