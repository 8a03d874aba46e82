/** Connections by the thousand, requests that never end and requests that are cut: others are answered meanwhile, and right. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { createServer, listen } from "../../src/server/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";

const connections = 2_000;
const seed = Number(process.env["VECFERRY_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

it(`${connections} connections, idle, slow or cut, keep nobody from an answer`, async () => {
  console.log(`VECFERRY_FUZZ_SEED=${seed}`);
  const random = seededRandom(seed);
  await using engine = await openEngine(":memory:");
  await using server = await listen(createServer(engine), { port: 0 });
  const body = '{"vectors":{"size":2,"distance":"Dot"}}';
  const request = `PUT /collections/cut HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const open: Socket[] = [];
  try {
    for (let made = 0; made < connections; made += 100) {
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const socket = connect(server.port, "127.0.0.1");
          socket.on("error", () => {});
          open.push(socket);
          await once(socket, "connect");
          // Never the last byte: the request is not whole.
          socket.write(request.slice(0, Math.floor(random() * request.length)));
          if (random() < 0.3) socket.destroy();
        }),
      );
    }
    const startedMs = performance.now();
    const answer = await fetch(`${server.url}/collections`);
    expect(await answer.json()).toMatchObject({ result: { collections: [] } });
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  } finally {
    for (const socket of open) socket.destroy();
  }
  const after = await fetch(`${server.url}/collections`);
  expect(await after.json()).toMatchObject({ result: { collections: [] } });
}, 60_000);
