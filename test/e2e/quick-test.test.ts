/** `quick-test` as people run it: what it says, and that nothing of it stays, also where it is stopped. */
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openEmbedded } from "../../src/adapters/qdrant/index.ts";
import {
  addRecords,
  collectionsUrl,
  makeCollection,
  newPlace,
  send,
} from "../support/chroma-fill.ts";
import { type ChromaVersion, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { runCli, startCli, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { cloudKey, cloudRecords, cloudScene } from "../support/cloud-scene.ts";
import { fileList } from "../support/fixtures.ts";
import { startProxy, type TestProxy } from "../support/proxy.ts";
import { type QdrantPlace, qdrantKinds, serveFolder } from "../support/qdrant-places.ts";

const noChroma = chromaAvailable();
const lacking = noChroma === null ? "" : ` (${noChroma})`;

/** Names of quick tests' collections. */
async function testsAt(place: QdrantPlace): Promise<string[]> {
  const { collections } = await place.call<{ collections: { name: string }[] }>(
    "GET",
    "/collections",
  );
  return collections.map(({ name }) => name).filter((name) => name.includes("quick-test"));
}

/** A Chroma whose first answer waits, and is an error then. */
async function startSlow(asked: () => void, held: Promise<void>) {
  const server = createServer(async (_, answer) => {
    asked();
    await held;
    answer.writeHead(401).end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `chroma://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

describe("vecferry quick-test", () => {
  it("tests the way from a folder to an embedded Qdrant, and leaves no file", async () => {
    using folder = temporaryFolder();
    const source = unpackChroma("1.5.9", folder.path);
    const before = fileList(folder.path);
    const words = ["quick-test", `${source}?tenant=default_tenant`, "embedded:./a/b/q", "--json"];
    const { status, stdout } = await runCli(words, { cwd: folder.path });
    expect(status).toBe(0);
    const { quickTest } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    expect(quickTest).toMatchObject({ ready: true, exit: 0, wroteSource: false });
    expect(quickTest.next).toMatch(/^vecferry migrate 'chroma-folder:.* embedded:/);
    // The first collection that has a record, and it alone.
    expect(quickTest.collections).toMatchObject([{ name: "angles", moved: 96, verified: 96 }]);
    expect(fileList(folder.path)).toEqual(before);
    expect(existsSync(join(tmpdir(), quickTest.name))).toBe(false);
  });

  it("tells what was not tested, and keeps the flags for the migration, but no key", async () => {
    using folder = temporaryFolder();
    const source = `${unpackChroma("1.5.9", folder.path)}?tenant=default_tenant`;
    const where = '{"n":{"$gte":0}}';
    const shape = [
      "--layout",
      "flat",
      "--distance-metric",
      "cosine",
      "--qdrant-api-key",
      "secret-1",
    ];
    const words = ["quick-test", "--limit", "5", source, ":memory:", ...shape];
    const { status, stdout } = await runCli(words, { cwd: folder.path });
    expect(stdout).toMatch(/migration; \d other collections were not tested \(name them with/);
    expect(stdout).toMatch(
      /:memory: --layout flat --distance-metric cosine --qdrant-api-key '\*\*\*'$/m,
    );
    expect(stdout).not.toContain("secret-1");
    expect(status).toBe(0);
    const named = ["--chromadb-collections", "angles", "--where", where];
    const one = await runCli(["quick-test", source, ":memory:", ...named], { cwd: folder.path });
    expect(one.stdout).toContain("Ready for the full migration.");
    expect(one.stdout).toContain(`:memory: --chromadb-collections angles --where '${where}'`);
  });

  it("never writes a folder", async () => {
    using folder = temporaryFolder();
    const words = ["quick-test", unpackChroma("1.5.9", folder.path), ":memory:", "--write-source"];
    const { status, stderr } = await runCli(words, { cwd: folder.path });
    expect(status).toBe(2);
    expect(stderr).toContain("is a folder, which is never written. [E_USAGE]");
  });

  it("takes no embedded Qdrant away that another made while it waited for the source", async () => {
    using folder = temporaryFolder();
    const options = { cwd: folder.path };
    let asked = (): void => undefined;
    let answer = (): void => undefined;
    const reached = new Promise<void>((resolve) => (asked = resolve));
    const held = new Promise<void>((resolve) => (answer = resolve));
    await using slow = await startSlow(asked, held);
    const waiting = startCli(["quick-test", slow.url, "embedded:./a/q"], options);
    await Promise.race([reached, waiting.ended]);
    const source = `${unpackChroma("1.5.9", folder.path)}?tenant=default_tenant`;
    const migrated = ["migrate", source, "embedded:./a/q", "--include", "angles"];
    expect(await runCli(migrated, options)).toMatchObject({ status: 0 });
    const before = fileList(join(folder.path, "a"));
    answer();
    expect((await waiting.ended).status).not.toBe(0);
    expect(fileList(join(folder.path, "a"))).toEqual(before);
    // Nor one that another has open.
    await using _ = await openEmbedded(join(folder.path, "a/q"));
    const refused = await runCli(["quick-test", source, "embedded:./a/q"], options);
    expect(refused.stderr).toContain("[E_LOCKED]");
    expect(existsSync(join(folder.path, "a/q/engine.sqlite"))).toBe(true);
  });

  it("says that it is not ready, and why", async () => {
    using folder = temporaryFolder();
    const words = ["quick-test", unpackChroma("1.5.9", folder.path), "http://127.0.0.1:9"];
    const { status, stdout, stderr } = await runCli(words, { cwd: folder.path });
    expect(status).toBe(5);
    expect(stdout).toContain("Not ready for the full migration");
    expect(stderr).toContain("[E_UNREACHABLE]");
  });
});

describe("a quick test that is stopped", () => {
  /** Starts one, and gives it back when it waits for an answer that never comes, its collection made and filled. */
  async function stuck(cwd: string, proxy: TestProxy) {
    const source = `${unpackChroma("1.5.9", cwd)}?tenant=default_tenant`;
    const reached = new Promise<void>((resolve) => {
      proxy.rules = {
        before: ({ path }) => {
          if (!path.endsWith("/points/scroll")) return undefined;
          resolve();
          return "silence";
        },
      };
    });
    const started = startCli(["quick-test", source, `${proxy.url}?grpc=off`], { cwd });
    await Promise.race([reached, started.ended]);
    return { started, source };
  }

  it("by SIGINT removes what it has made", async () => {
    using folder = temporaryFolder();
    await using place = await serveFolder(":memory:");
    await using proxy = await startProxy(place.url);
    const { started } = await stuck(folder.path, proxy);
    expect(await testsAt(place)).toHaveLength(1);
    started.child.kill("SIGINT");
    expect((await started.ended).status).toBe(130);
    expect(await testsAt(place)).toEqual([]);
  });

  it("by SIGKILL leaves what the next one finds and removes", async () => {
    using folder = temporaryFolder();
    await using place = await serveFolder(":memory:");
    await using proxy = await startProxy(place.url);
    const { started, source } = await stuck(folder.path, proxy);
    started.child.kill("SIGKILL");
    await started.ended;
    const [name = ""] = await testsAt(place);
    expect(existsSync(join(tmpdir(), name))).toBe(true);
    const next = await runCli(["quick-test", source, place.url], { cwd: folder.path });
    expect(next.status).toBe(0);
    expect(next.stdout).toContain(`${name}, which an earlier quick test had left.`);
    expect(await testsAt(place)).toEqual([]);
    expect(readdirSync(tmpdir())).not.toContain(name);
  });

  it("is not disturbed by another one at the same time", async () => {
    using folder = temporaryFolder();
    await using place = await serveFolder(":memory:");
    await using proxy = await startProxy(place.url);
    const { started, source } = await stuck(folder.path, proxy);
    const [name = ""] = await testsAt(place);
    const other = await runCli(["quick-test", source, place.url], { cwd: folder.path });
    expect(other.status).toBe(0);
    expect(other.stdout).toContain(`${name}: another quick test may be at work on it.`);
    expect(await testsAt(place)).toEqual([name]);
    started.child.kill("SIGINT");
    await started.ended;
  });
});

describe.skipIf(noChroma !== null)(`a quick test of a running Chroma${lacking}`, () => {
  it.each(qdrantKinds.filter(({ skip }) => !skip))(
    "moves records into the $name by a name of its own and takes them away",
    async ({ start }) => {
      using folder = temporaryFolder();
      await using server = await startChroma();
      const at = await newPlace(server);
      const key = await makeCollection(server, at, "records", { "hnsw:space": "ip" });
      await addRecords(server, at, key, cloudRecords(150));
      await using place = await start();
      const source = `${server.url.replace("http", "chroma")}/${at.tenant}/${at.database}`;
      const options = { cwd: folder.path, env: place.env };
      const words = ["quick-test", source, place.url, "--limit", "30"];
      const { status, stdout } = await runCli(words, options);
      expect(stdout).toContain('30 records of "records" moved, 30 verified one by one');
      expect(stdout).toContain("Ready for the full migration.");
      expect(status).toBe(0);
      expect(await testsAt(place)).toEqual([]);
    },
  );

  it("works within the quotas of Chroma Cloud, and writes there too", async () => {
    using folder = temporaryFolder();
    await using server = await startChroma();
    await using scene = await cloudScene(server, cloudRecords(120));
    const options = { cwd: folder.path, env: { CHROMA_API_KEY: cloudKey } };
    const read = await runCli(["quick-test", scene.address, ":memory:"], options);
    expect(read).toMatchObject({ status: 0, stderr: "" });
    scene.cloud.rules.writes = true;
    const words = ["quick-test", scene.address, ":memory:", "--write-source"];
    const written = await runCli(words, options);
    expect(written.stdout).toContain("13 records of a collection written for the test moved");
    expect(written).toMatchObject({ status: 0, stderr: "" });
    const url = collectionsUrl(server, scene.place);
    expect(await send(url, "GET")).toMatchObject([{ name: "records" }]);
  });
});

const versions: readonly ChromaVersion[] = ["1.5.9", "1.0.20", "0.6.3", "0.5.23", "0.4.24"];
describe.each(versions)("--write-source into Chroma %s", (version) => {
  const reason = chromaAvailable(version, true);
  it.skipIf(reason !== null)(
    `moves records that copying spoils, and removes them${reason === null ? "" : ` (${reason})`}`,
    async () => {
      using folder = temporaryFolder();
      await using server = await startChroma({ version });
      const source = server.url.replace("http", "chroma");
      const words = ["quick-test", source, ":memory:", "--write-source"];
      const { status, stdout } = await runCli(words, { cwd: folder.path });
      const lists = version === "1.5.9" ? 13 : 12;
      expect(stdout).toContain(`${lists} records of a collection written for the test moved`);
      expect(stdout).toContain("removed again from the source and from the target");
      expect(status).toBe(0);
      const at = { tenant: "default_tenant", database: "default_database" };
      expect(await send(collectionsUrl(server, at), "GET")).toEqual([]);
    },
  );
});
