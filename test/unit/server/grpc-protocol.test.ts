import http2 from "node:http2";
import net from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callOn, frame, type RawCall, rawCall } from "../../support/grpc-call.ts";
import { type GrpcPlace, grpcKinds } from "../../support/grpc-places.ts";

const health = "/qdrant.Qdrant/HealthCheck";
const get = "/qdrant.Collections/Get";
/** A message with the name `ab` in field 1. */
const named = Buffer.from([0x0a, 2, 0x61, 0x62]);
const zipped = { "grpc-encoding": "gzip" };

/** Calls that end with a status, whoever answers; the real server shows that these are Qdrant's. */
const endings: [what: string, code: number, path: string, call: RawCall][] = [
  ["a call", 0, health, {}],
  ["the health check of gRPC itself", 0, "/grpc.health.v1.Health/Check", {}],
  [
    "a content type with its encoding",
    0,
    health,
    { headers: { "content-type": "application/grpc+proto" } },
  ],
  ["a compressed message", 0, health, { headers: zipped, body: frame(gzipSync(""), 1) }],
  ["a plain message where gzip is announced", 0, health, { headers: zipped }],
  ["a message in pieces of one byte", 5, get, { body: frame(named), chunkBytes: 1 }],
  ["more messages than one", 5, get, { body: Buffer.concat([frame(named), frame(named)]) }],
  ["a method that is not there", 12, "/qdrant.Points/Nope", {}],
  ["a service that is not there", 12, "/a/b", {}],
  ["no path at all", 12, "/", {}],
  ["no message", 13, get, { body: Buffer.alloc(0) }],
  ["a prefix that is cut", 13, get, { body: Buffer.from([0, 0]) }],
  ["a message that is cut", 13, get, { body: frame(named).subarray(0, 7) }],
  ["bytes behind the message", 13, get, { body: Buffer.concat([frame(named), Buffer.from([1])]) }],
  ["a flag that is no flag", 13, get, { body: frame(named, 2) }],
  ["a compressed message, unannounced", 13, get, { body: frame(gzipSync(named), 1) }],
  [
    "a compressed message that is cut",
    13,
    get,
    { headers: zipped, body: frame(gzipSync(named).subarray(0, 15), 1) },
  ],
  ["a compression that is not gzip", 12, get, { headers: { "grpc-encoding": "deflate" } }],
  ["bytes that are no protobuf", 13, get, { body: frame(Buffer.alloc(20, 0xff)) }],
  ["text that is not UTF-8", 13, get, { body: frame(Buffer.from([0x0a, 2, 0xff, 0xfe])) }],
  ["a field that is cut", 13, get, { body: frame(Buffer.from([0x0a, 9, 0x61])) }],
  ["an empty name", 3, get, {}],
  [
    "a deadline that is garbled",
    5,
    get,
    { body: frame(named), headers: { "grpc-timeout": "abc" } },
  ],
];

describe.each(grpcKinds)("a gRPC call on $name", ({ skip, start }) => {
  let place: GrpcPlace;
  beforeAll(async () => {
    if (!skip) place = await start();
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it.skipIf(skip).each(endings)("%s ends with %i", async (_, code, path, call) => {
    const headers = { ...place.headers, ...call.headers };
    expect(await rawCall(place.port, path, { ...call, headers })).toMatchObject({
      http: 200,
      code,
    });
  });

  it.skipIf(skip)("that fails leaves the connection to the others", async () => {
    const session = http2.connect(`http://${place.host}:${place.port}`);
    const { headers } = place;
    const calls = Array.from({ length: 60 }, (_, at) =>
      callOn(session, at % 2 ? health : get, { headers, body: frame(at % 2 ? undefined : named) }),
    );
    const codes = (await Promise.all(calls)).map(({ code }) => code);
    expect(codes).toEqual(codes.map((_, at) => (at % 2 ? 0 : 5)));
    session.close();
  });
});

describe("the embedded gRPC port", () => {
  let place: GrpcPlace;
  beforeAll(async () => {
    place = await grpcKinds[0].start();
  });
  afterAll(() => place[Symbol.asyncDispose]());

  it("says in words what was wrong, in any script", async () => {
    const name = Buffer.from('Kö%"\n漢');
    const body = frame(Buffer.concat([Buffer.from([0x0a, name.length]), name]));
    expect((await rawCall(place.port, get, { body })).message).toBe(
      "Not found: Collection `Kö%\"\n漢` doesn't exist!",
    );
  });

  it("is not answered without gRPC's content type, which no web page can send unasked", async () => {
    const headers = { "content-type": "text/plain" };
    expect(await rawCall(place.port, health, { headers })).toMatchObject({ http: 415, code: null });
  });

  it("takes no message above 64 MiB, announced or unpacked", async () => {
    const announced = Buffer.from([0, 4, 0, 0, 1, 0x0a]);
    const sent = await rawCall(place.port, get, { body: announced, end: false });
    expect(sent).toMatchObject({ code: 11, message: expect.stringContaining("67108865") });
    const message = Buffer.alloc(64 * 1024 * 1024 + 1);
    const body = frame(gzipSync(message, { level: 1 }), 1);
    const unpacked = await rawCall(place.port, get, { headers: zipped, body });
    expect(unpacked).toMatchObject({ code: 11 });
  });

  it("refuses a call while its message is still on the way", async () => {
    const body = frame(Buffer.alloc(16 * 1024 * 1024));
    expect(await rawCall(place.port, "/a/b", { body })).toMatchObject({ code: 12 });
    expect(await rawCall(place.port, "/a/b", { body, end: false })).toMatchObject({ code: 12 });
  });

  it("answers other protocols with a sentence, and ends them", async () => {
    const said = async (words: string): Promise<string> => {
      const socket = net.connect(place.port, place.host);
      socket.write(words);
      let answer = "";
      for await (const chunk of socket.setEncoding("utf8")) answer += chunk;
      return answer;
    };
    expect(await said("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).toMatch(/^HTTP\/1.1 400 .*gRPC/s);
    expect(await said("POST / HTTP/1.1\r\nHost: a\r\n\r\n")).toMatch(/^HTTP\/1.1 400 .*gRPC/s);
    expect(await said("\x16\x03\x01\x02\x00\x01")).toMatch(/^HTTP\/1.1 400 /);
    expect(await rawCall(place.port, health)).toMatchObject({ code: 0 });
  });
});
