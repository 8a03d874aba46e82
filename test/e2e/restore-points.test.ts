/** An archive of a Qdrant into one where something stands already: what stands there stays, unless it is said otherwise. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, runCli, temporaryFolder } from "../support/cli.ts";
import { makeFolder } from "../support/make-folder.ts";
import { type QdrantPlace, serveFolder } from "../support/qdrant-places.ts";

const folder = temporaryFolder();
const cwd = folder.path;
let target: QdrantPlace;

const restore = (...words: string[]): Promise<Ended> => runCli(["restore", ...words], { cwd });

beforeAll(async () => {
  {
    await using source = await serveFolder(join(cwd, "source"));
    await source.call("PUT", "/collections/docs", { vectors: { size: 2, distance: "Dot" } });
    const points = [1, 2].map((id) => ({ id, vector: [id, 1], payload: { text: `was ${id}` } }));
    await source.call("PUT", "/collections/docs/points?wait=true", { points });
    const create_alias = { collection_name: "docs", alias_name: "live" };
    await source.call("POST", "/collections/aliases", { actions: [{ create_alias }] });
  }
  makeFolder(join(cwd, "chroma"), { records: 3, dimension: 2, name: "docs" });
  for (const ends of [
    ["embedded:./source", "archive:./points"],
    ["./chroma", "archive:./records"],
  ]) {
    const made = await runCli(["backup", ...ends], { cwd });
    expect(made.status, made.stderr).toBe(0);
  }
  target = await serveFolder(":memory:");
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe("a restore of points", () => {
  it("leaves an alias that is taken where it is: as it says, with --no-aliases", async () => {
    await target.call("PUT", "/collections/today", { vectors: { size: 2, distance: "Dot" } });
    const create_alias = { collection_name: "today", alias_name: "live" };
    await target.call("POST", "/collections/aliases", { actions: [{ create_alias }] });
    const refused = await restore("archive:./points", target.url);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("--no-aliases");
    const done = await restore("archive:./points", target.url, "--no-aliases");
    expect(done.status, done.stderr).toBe(0);
    const { aliases } = await target.call<{ aliases: object[] }>("GET", "/aliases");
    expect(aliases).toEqual([{ collection_name: "today", alias_name: "live" }]);
  });

  it("writes over what stands there otherwise with --overwrite alone", async () => {
    const points = [{ id: 2, vector: [9, 9], payload: { text: "newer" } }];
    await target.call("PUT", "/collections/docs/points?wait=true", { points });
    const text = async () => {
      const found = await target.call<{ payload: { text: string } }>(
        "GET",
        "/collections/docs/points/2",
      );
      return found.payload.text;
    };
    const refused = await restore("archive:./points", target.url, "--no-aliases");
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("E_POINT_TAKEN");
    expect(refused.stderr).toContain("--overwrite");
    expect(await text()).toBe("newer");
    const done = await restore("archive:./points", target.url, "--no-aliases", "--overwrite");
    expect(done.status, done.stderr).toBe(0);
    expect(await text()).toBe("was 2");
  });
});

describe("what only points take", () => {
  it.each(["--overwrite", "--no-aliases"])("%s is refused for records", async (flag) => {
    const refused = await restore("archive:./records", "embedded:./none", flag);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain(`${flag} is for a source that is a Qdrant`);
  });

  it("is refused where the target is a Chroma", async () => {
    const refused = await restore("archive:./points", "chroma://localhost:1", "--no-aliases");
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("--no-aliases is for a Qdrant as the target");
    const verify = ["verify", "embedded:./source", "chroma://localhost:1", "--rename", "a=b"];
    const unheard = await runCli(verify, { cwd });
    expect(unheard.status).toBe(2);
    expect(unheard.stderr).toContain("--rename is for a Qdrant as the target");
  });
});
