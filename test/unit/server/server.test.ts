import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../src/engine/index.ts";
import { createServer, type QdrantApp, type ServerOptions } from "../../../src/server/index.ts";

let engine: Engine;
let app: QdrantApp;
beforeEach(async () => {
  engine = await openEngine(":memory:");
  app = createServer(engine);
});
afterEach(() => engine.close());

async function ask(
  method: string,
  path: string,
  body?: string,
): Promise<{ status: number; text: string }> {
  const answer = await app.request(path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
  });
  // The time is checked to be a number and taken out.
  const text = (await answer.text()).replace(/,"time":\d+\.\d{9}\}$/, "}");
  return { status: answer.status, text };
}

const points = "/collections/c/points";
const uuid = "550e8400-e29b-41d4-a716-446655440000";

async function fill(): Promise<void> {
  await ask("PUT", "/collections/c", '{"vectors":{"size":4,"distance":"Cosine"}}');
  await ask(
    "PUT",
    `${points}?wait=true`,
    `{"points":[
      {"id":1,"vector":[0.1,0.2,0.3,0.4],"payload":{"a":1,"b":2.0,"big":9007199254740993,"n":null}},
      {"id":18446744073709551615,"vector":[1,0,0,0]},
      {"id":"${uuid.toUpperCase()}","vector":[0,1,0,0],"payload":{"a":2}}]}`,
  );
  await ask(
    "PUT",
    points,
    '{"batch":{"ids":[5,6],"vectors":[[1,2,3,4],[4,3,2,1]],"payloads":[{"a":5},null]}}',
  );
}

describe("the server", () => {
  it("says who it is, and that it is well", async () => {
    expect(await ask("GET", "/")).toEqual({
      status: 200,
      text: '{"title":"qdrant - vector search engine","version":"1.18.2","commit":"44ad62f8cd69642be5afa6441612525e24a0d063"}',
    });
    expect((await ask("GET", "/healthz")).text).toBe("healthz check passed");
    expect((await ask("GET", "/livez")).text).toBe("healthz check passed");
    expect((await ask("GET", "/readyz")).text).toBe("all shards are ready");
    expect(await ask("GET", "/health")).toEqual({ status: 404, text: "" });
  });

  it("answers what it has not with 501 and a sentence", async () => {
    const { status, text } = await ask("POST", `${points}/search/matrix/pairs`, "{}");
    expect(status).toBe(501);
    expect(text).toContain("does not have distance matrices yet");
  });

  it("sends no CORS headers and takes trailing slashes", async () => {
    const answer = await app.request("/collections/", {
      headers: { origin: "http://localhost:3000" },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });
});

// The answers below are those of a real 1.18.2 to the same requests.
describe("collections", () => {
  it("come and go with the statuses and words of 1.18.2", async () => {
    const body = '{"vectors":{"size":4,"distance":"Cosine"}}';
    expect(await ask("PUT", "/collections/c", body)).toEqual({
      status: 200,
      text: '{"result":true,"status":"ok"}',
    });
    expect(await ask("PUT", "/collections/c", body)).toEqual({
      status: 409,
      text: '{"status":{"error":"Wrong input: Collection `c` already exists!"}}',
    });
    expect(await ask("GET", "/collections/zz")).toEqual({
      status: 404,
      text: '{"status":{"error":"Not found: Collection `zz` doesn\'t exist!"}}',
    });
    expect((await ask("GET", "/collections")).text).toBe(
      '{"result":{"collections":[{"name":"c"}]},"status":"ok"}',
    );
    expect((await ask("GET", "/collections/c/exists")).text).toBe(
      '{"result":{"exists":true},"status":"ok"}',
    );
    expect((await ask("GET", "/collections/c/aliases")).text).toBe(
      '{"result":{"aliases":[]},"status":"ok"}',
    );
    expect(await ask("DELETE", "/collections/zz")).toEqual({
      status: 200,
      text: '{"result":false,"status":"ok"}',
    });
    expect((await ask("PUT", "/collections/a%3Fb", body)).status).toBe(422);
    expect(
      (await ask("PUT", "/collections/d", '{"vectors":{"size":0,"distance":"Dot"}}')).status,
    ).toBe(400);
    expect(
      (await ask("PUT", "/collections/d", '{"vectors":{"size":65537,"distance":"Dot"}}')).status,
    ).toBe(422);
    expect((await ask("PUT", "/collections/d", "{")).status).toBe(400);
  });

  it("keep metadata numbers and answer payload indexes", async () => {
    await ask(
      "PUT",
      "/collections/c",
      '{"vectors":{"size":4,"distance":"Dot"},"metadata":{"a":1,"b":2.0}}',
    );
    await ask("PATCH", "/collections/c", '{"metadata":{"c":9007199254740993}}');
    await ask(
      "PUT",
      "/collections/c/index",
      '{"field_name":"t","field_schema":{"type":"keyword","is_tenant":true}}',
    );
    await ask(
      "PUT",
      "/collections/c/index?wait=true",
      '{"field_name":"n","field_schema":"integer"}',
    );
    const { text } = await ask("GET", "/collections/c");
    expect(text).toContain('"metadata":{"a":1,"b":2.0,"c":9007199254740993}');
    expect(text).toContain(
      '"payload_schema":{"t":{"data_type":"keyword","params":{"type":"keyword","is_tenant":true},"points":0},"n":{"data_type":"integer","points":0}}',
    );
    expect((await ask("DELETE", "/collections/c/index/n?wait=true")).text).toContain(
      '"status":"completed"',
    );
    expect((await ask("PUT", "/collections/c/index", '{"field_name":"n"}')).status).toBe(400);
  });
});

describe("points", () => {
  beforeEach(fill);

  it("are scrolled with every digit of ids and payloads", async () => {
    expect((await ask("POST", `${points}/scroll`, "{}")).text).toBe(
      `{"result":{"points":[{"id":1,"payload":{"a":1,"b":2.0,"big":9007199254740993,"n":null}},{"id":5,"payload":{"a":5}},{"id":6,"payload":{}},{"id":18446744073709551615,"payload":{}},{"id":"${uuid}","payload":{"a":2}}],"next_page_offset":null},"status":"ok"}`,
    );
    expect(
      (
        await ask(
          "POST",
          `${points}/scroll`,
          '{"limit":2,"with_vector":true,"with_payload":false,"offset":5}',
        )
      ).text,
    ).toBe(
      '{"result":{"points":[{"id":5,"vector":[0.18257418,0.36514837,0.5477225,0.73029673]},{"id":6,"vector":[0.73029673,0.5477225,0.36514837,0.18257418]}],"next_page_offset":18446744073709551615},"status":"ok"}',
    );
  });

  it("are retrieved by id", async () => {
    expect((await ask("POST", points, '{"ids":[1,99,5],"with_payload":["a"]}')).text).toBe(
      '{"result":[{"id":1,"payload":{"a":1}},{"id":5,"payload":{"a":5}}],"status":"ok"}',
    );
    expect((await ask("GET", `${points}/5`)).text).toBe(
      '{"result":{"id":5,"payload":{"a":5},"vector":[0.18257418,0.36514837,0.5477225,0.73029673]},"status":"ok"}',
    );
    expect(await ask("GET", `${points}/99`)).toEqual({
      status: 404,
      text: '{"status":{"error":"Not found: Point with id 99 does not exists!"}}',
    });
    expect((await ask("GET", `${points}/abc`)).status).toBe(400);
  });

  it("are counted, an integer apart from a float", async () => {
    const count = async (filter: string): Promise<string> =>
      (await ask("POST", `${points}/count`, `{"filter":${filter}}`)).text;
    expect(await count('{"must":[{"key":"a","match":{"value":1}}]}')).toBe(
      '{"result":{"count":1},"status":"ok"}',
    );
    expect(await count('{"must":{"key":"b","match":{"value":2}}}')).toBe(
      '{"result":{"count":0},"status":"ok"}',
    );
    expect(await count('{"must":[{"key":"big","match":{"value":9007199254740993}}]}')).toBe(
      '{"result":{"count":1},"status":"ok"}',
    );
    expect(await count('{"must":[{"has_id":["1"]}]}')).toContain("Format error in JSON body");
  });

  it("are searched by both routes", async () => {
    const vector = "[0.1,0.2,0.3,0.4]";
    expect((await ask("POST", `${points}/search`, `{"vector":${vector},"limit":3}`)).text).toMatch(
      /^\{"result":\[\{"id":1,"version":0,"score":(1\.0|0\.9999999\d?)\},\{"id":5,"version":0,"score":[\d.]+\},\{"id":6,"version":0,"score":0\.666666\d+\}\],"status":"ok"\}$/,
    );
    expect(
      (await ask("POST", `${points}/search/batch`, `{"searches":[{"vector":[1,0,0,0],"limit":1}]}`))
        .text,
    ).toBe('{"result":[[{"id":18446744073709551615,"version":0,"score":1.0}]],"status":"ok"}');
    expect(
      (await ask("POST", `${points}/query`, '{"query":[1,0,0,0],"limit":1,"with_payload":true}'))
        .text,
    ).toBe(
      '{"result":{"points":[{"id":18446744073709551615,"version":0,"score":1.0,"payload":{}}]},"status":"ok"}',
    );
    expect((await ask("POST", `${points}/query`, `{"query":"${uuid}","limit":1}`)).text).toMatch(
      /"id":6,.*"score":0\.547722\d+/,
    );
    expect((await ask("POST", `${points}/query`, '{"query":99}')).text).toBe(
      '{"status":{"error":"Not found: No point with id 99 found"}}',
    );
    expect(
      (await ask("POST", `${points}/query/batch`, '{"searches":[{"limit":1,"offset":1}]}')).text,
    ).toBe('{"result":[{"points":[{"id":5,"version":0,"score":1.0}]}],"status":"ok"}');
    expect(await ask("POST", `${points}/search`, '{"vector":[1,2],"limit":1}')).toEqual({
      status: 400,
      text: '{"status":{"error":"Wrong input: Vector dimension error: expected dim: 4, got 2"}}',
    });
    expect((await ask("POST", `${points}/search`, '{"vector":[1,2,3,4]}')).status).toBe(400);
    expect((await ask("POST", `${points}/search`, '{"vector":[1,2,3,4],"limit":0}')).status).toBe(
      422,
    );
  });

  it("change: payload set, overwritten, cleared, points deleted", async () => {
    const payload = async (): Promise<string> =>
      (await ask("POST", points, '{"ids":[1],"with_payload":true}')).text;
    await ask("POST", `${points}/payload`, '{"payload":{"z":1.0},"points":[1],"key":"o"}');
    expect(await payload()).toContain('"n":null,"o":{"z":1.0}}');
    await ask(
      "POST",
      `${points}/payload/delete`,
      '{"keys":["o.z","a","b","big"],"filter":{"must":[{"has_id":[1]}]}}',
    );
    expect(await payload()).toContain('"payload":{"n":null,"o":{}}');
    await ask("PUT", `${points}/payload`, '{"payload":{"q":1},"points":[1]}');
    expect(await payload()).toContain('"payload":{"q":1}');
    await ask("POST", `${points}/payload/clear`, '{"points":[1]}');
    expect(await payload()).toContain('"payload":{}');
    expect((await ask("POST", `${points}/delete?wait=true`, '{"points":[1]}')).text).toContain(
      '"status":"completed"',
    );
    await ask(
      "POST",
      `${points}/delete`,
      '{"filter":{"must":[{"key":"a","match":{"any":[2,5]}}]}}',
    );
    expect((await ask("POST", `${points}/count`, "{}")).text).toBe(
      '{"result":{"count":2},"status":"ok"}',
    );
  });

  it("that are malformed are refused with 400, by the words of 1.18.2 where they help", async () => {
    const upsert = (body: string): Promise<{ status: number; text: string }> =>
      ask("PUT", `${points}?wait=true`, body);
    for (const id of ['"abc"', "-1", "1.0", "18446744073709551616", '"1"']) {
      const { status, text } = await upsert(`{"points":[{"id":${id},"vector":[1,2,3,4]}]}`);
      expect(status).toBe(400);
      expect(text).toContain(
        "is not a valid point ID, valid values are either an unsigned integer or a UUID",
      );
    }
    for (const body of [
      "",
      "{}",
      '{"points":[{"id":1}]}',
      '{"points":[{"id":1,"vector":[1,2,"x",4]}]}',
      '{"points":[{"id":1,"vector":[1,2,3,4],"payload":5}]}',
      '{"points":[{"id":1,"vector":[1,2,3,4],"payload":{"a":}}]}',
      '{"points":[{"id":1,"vector":{"x":[1,2,3,4]}}]}',
      '{"points":[{"id":1,"vector":[1,2,3,4]}',
      '{"points":[]}',
    ]) {
      expect([body, (await upsert(body)).status]).toEqual([body, 400]);
    }
    expect((await upsert('{"batch":{"ids":[5,6],"vectors":[[1,2,3,4]]}}')).status).toBe(422);
    expect((await ask("PUT", `${points}?wait=maybe`, '{"points":[]}')).status).toBe(400);
    expect((await ask("POST", `${points}?timeout=0`, '{"ids":[1]}')).status).toBe(400);
    expect((await ask("POST", `${points}/count`, "{}")).text).toBe(
      '{"result":{"count":5},"status":"ok"}',
    );
  });

  it("in a body over 32 MiB are refused with 400, announced or not", async () => {
    const large = " ".repeat(33 * 1024 * 1024);
    const announced = await app.request(points, {
      method: "PUT",
      body: large,
      headers: { "content-length": String(large.length) },
    });
    expect(announced.status).toBe(400);
    expect(await announced.text()).toContain("is larger than allowed (limit: 33554432 bytes)");
    const stream = new Blob([large]).stream();
    const streamed = await app.request(
      new Request(`http://localhost${points}`, {
        method: "PUT",
        body: stream,
        duplex: "half",
      } as RequestInit),
    );
    expect(streamed.status).toBe(400);
  });
});

describe("who may ask", () => {
  const status = async (
    options: ServerOptions,
    method: string,
    path: string,
    headers: Record<string, string>,
  ) =>
    (
      await createServer(engine, options).request(path, {
        method,
        headers,
        ...(method === "GET" ? {} : { body: "{}" }),
      })
    ).status;
  const options = { apiKey: "full", readOnlyApiKey: "read" };

  it("is whoever has the key, and for reading whoever has the second one", async () => {
    await fill();
    expect(await status(options, "GET", "/collections", {})).toBe(401);
    expect(await status(options, "GET", "/collections", { "api-key": "wrong" })).toBe(401);
    expect(await status(options, "GET", "/collections", { "api-key": "full" })).toBe(200);
    expect(await status(options, "GET", "/collections", { authorization: "Bearer full" })).toBe(
      200,
    );
    expect(await status(options, "GET", "/collections", { "api-key": "read" })).toBe(200);
    for (const path of ["", "/scroll", "/count", "/search/batch", "/query"]) {
      expect(await status(options, "POST", points + path, { "api-key": "read" })).not.toBe(403);
    }
    for (const path of ["/delete", "/payload", "/payload/clear", "/vectors/delete", "/batch"]) {
      expect(await status(options, "POST", points + path, { "api-key": "read" })).toBe(403);
    }
    expect(await status(options, "PUT", "/collections/x", { "api-key": "read" })).toBe(403);
    expect(await status(options, "DELETE", "/collections/c", { "api-key": "read" })).toBe(403);
    for (const path of ["/", "/healthz", "/readyz", "/livez"])
      expect(await status(options, "GET", path, {})).toBe(200);
  });

  it("must call a server on loopback by a loopback name", async () => {
    for (const host of ["localhost:6333", "127.0.0.1", "[::1]:6333", "app.localhost"]) {
      expect(await status({}, "GET", "/collections", { host })).toBe(200);
    }
    for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80"]) {
      expect(await status({}, "GET", "/collections", { host })).toBe(403);
      expect(await status({ checkHost: false }, "GET", "/collections", { host })).toBe(200);
    }
  });

  it("may be a web page of a loopback name, and no other", async () => {
    await fill();
    const path = `${points}/count`;
    for (const origin of ["http://localhost:3000", "https://127.0.0.1"])
      expect(await status({}, "POST", path, { origin })).toBe(200);
    for (const origin of ["https://evil.example", "http://localhost.evil.example", "null"]) {
      expect(await status({}, "POST", path, { origin })).toBe(403);
      expect(await status({ checkHost: false }, "POST", path, { origin })).toBe(200);
    }
  });
});
