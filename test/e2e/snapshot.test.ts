/** Snapshots by the built command: at a Qdrant server, behind the embedded one's own, and of an embedded folder. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { serve } from "../../src/server/serve.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";

const rows = 300;

async function fill(place: QdrantPlace, name: string): Promise<void> {
  const vectors = { size: 3, distance: "Dot" };
  await place.call("PUT", `/collections/${name}`, { vectors });
  const points = Array.from({ length: rows }, (_, id) => ({
    id,
    vector: [id, 0.5, -id],
    payload: { id, even: id % 2 === 0 },
  }));
  await place.call("PUT", `/collections/${name}/points?wait=true`, { points });
}

async function count(place: QdrantPlace, name: string): Promise<number> {
  const body = { exact: true };
  return (await place.call<{ count: number }>("POST", `/collections/${name}/points/count`, body))
    .count;
}

function lastLine(stdout: string) {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

describe.each(qdrantKinds)("vecferry snapshot at the $name", ({ skip, start, strict }) => {
  it.skipIf(skip)("brings a collection back as it was, counted and compared", async () => {
    using folder = temporaryFolder();
    await using place = await start();
    const [name, other] = [place.unique("snap"), place.unique("other")];
    await fill(place, name);
    const options = { cwd: folder.path, env: place.env };
    const chosen = ["--collection", name];

    const made = await runCli(
      ["snapshot", "create", place.url, ...chosen, "--to", "set", "--json"],
      options,
    );
    expect(made).toMatchObject({ status: 0 });
    const { snapshots } = lastLine(made.stdout);
    expect(snapshots).toMatchObject([{ collection: name, points: { min: rows, max: rows } }]);
    expect(Object.keys(snapshots[0].sample)).toHaveLength(64);
    const [file] = snapshots[0].files;
    const bytes = readFileSync(join(folder.path, "set", file.file));
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(file.sha256);
    // Its own copy at the server is gone.
    expect(await place.call("GET", `/collections/${name}/snapshots`)).toEqual([]);
    expect(readdirSync(join(folder.path, "set")).sort()).toEqual([file.file, "snapshots.json"]);

    const again = await runCli(
      ["snapshot", "create", place.url, ...chosen, "--to", "set"],
      options,
    );
    expect(again).toMatchObject({ status: 2 });
    expect(again.stderr).toContain("holds snapshots already");

    const refused = await runCli(["snapshot", "recover", place.url, "--from", "set"], options);
    expect(refused).toMatchObject({ status: 2 });
    expect(refused.stderr).toContain(`"${name}" of ${rows} points`);

    await place.call("POST", `/collections/${name}/points/delete?wait=true`, { points: [1, 2, 3] });
    const dry = ["snapshot", "recover", place.url, "--from", "set", "--overwrite"];
    expect(await runCli([...dry, "--dry-run"], options)).toMatchObject({ status: 0 });
    expect(await count(place, name)).toBe(rows - 3);
    const back = await runCli(dry, options);
    expect(back).toMatchObject({ status: 0, stderr: "" });
    expect(back.stdout).toContain(`${name}: 300 points, 64 of them compared`);
    expect(await count(place, name)).toBe(rows);

    const renamed = [
      "snapshot",
      "recover",
      place.url,
      "--from",
      "set",
      "--rename",
      `${name}=${other}`,
    ];
    expect(await runCli(renamed, options)).toMatchObject({ status: 0 });
    const [point] = await place.call<{ vector: number[] }[]>(
      "POST",
      `/collections/${other}/points`,
      {
        ids: [77],
        with_vector: true,
      },
    );
    expect(point?.vector).toEqual([77, 0.5, -77]);
  });

  it.skipIf(skip)("lists, downloads and takes a file alone; names what is not there", async () => {
    using folder = temporaryFolder();
    await using place = await start();
    const [name, other] = [place.unique("snap"), place.unique("other")];
    await fill(place, name);
    const options = { cwd: folder.path, env: place.env };
    const run = (...words: string[]) => runCli(["snapshot", ...words], options);

    const none = await run("download", place.url, "--collection", name, "--to", "set");
    expect(none).toMatchObject({ status: 2 });
    expect(none.stderr).toContain("[E_NO_SNAPSHOT]");
    expect(none.stderr).toContain("nothing was written yet");
    expect(await run("create", place.url, "--collection", name)).toMatchObject({ status: 0 });
    const listed = lastLine((await run("list", place.url, "--collection", name, "--json")).stdout);
    expect(listed.snapshots).toMatchObject([{ collection: name, shard: null }]);
    const got = await run("download", place.url, "--collection", name, "--to", "set");
    expect(got).toMatchObject({ status: 0, stderr: "" });
    const path = await run(
      "download",
      place.url,
      "--collection",
      name,
      "--to",
      "x",
      "--name",
      "../a",
    );
    expect(path).toMatchObject({ status: 2 });
    expect(path.stderr).toContain("must be a name, not a path");

    const [file = ""] = readdirSync(join(folder.path, "set"));
    const from = ["--from", join("set", file)];
    // A server's own do not say whose they are; the embedded Qdrant's do.
    const whose = strict ? ["--collection", other] : ["--rename", `${name}=${other}`];
    expect(await run("recover", place.url, ...from)).toMatchObject({ status: 2 });
    expect(await run("recover", place.url, ...from, ...whose)).toMatchObject({ status: 0 });
    const absent = await run("create", place.url, "--collection", "no such one");
    expect(absent).toMatchObject({ status: 2 });
    expect(absent.stderr).toContain(`It has `);
  });

  it.skipIf(skip)(
    "refuses what is cut short, changed or of another version before it changes anything",
    async () => {
      using folder = temporaryFolder();
      await using place = await start();
      const name = place.unique("snap");
      await fill(place, name);
      const options = { cwd: folder.path, env: place.env };
      await runCli(["snapshot", "create", place.url, "--collection", name, "--to", "set"], options);
      const recover = ["snapshot", "recover", place.url, "--overwrite", "--from"];
      const list = join(folder.path, "set/snapshots.json");
      const said = readFileSync(list, "utf8");
      await place.call("POST", `/collections/${name}/points/delete?wait=true`, { points: [1] });

      for (const version of ["1.16.9", "1.19.0"]) {
        writeFileSync(list, said.replace(/"version": "1\.\d+\.\d+"/, `"version": "${version}"`));
        const foreign = await runCli([...recover, "set"], options);
        expect(foreign).toMatchObject({ status: 1 });
        expect(foreign.stderr).toContain("[E_SNAPSHOT_FORMAT]");
      }
      writeFileSync(list, said);
      const [{ file }] = JSON.parse(said).snapshots[0].files;
      const path = join(folder.path, "set", file);
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      const changed = await runCli([...recover, "set"], options);
      expect(changed).toMatchObject({ status: 1 });
      expect(changed.stderr).toContain("[E_SNAPSHOT_DAMAGED]");
      truncateSync(path, bytes.length >> 1);
      for (const from of ["set", join("set", file)]) {
        const cut = await runCli([...recover, from, "--collection", name], options);
        expect(cut).toMatchObject({ status: 1 });
        expect(cut.stderr).toContain("[E_SNAPSHOT_DAMAGED]");
      }
      writeFileSync(join(folder.path, "text"), "no snapshot at all".repeat(100));
      const text = await runCli([...recover, "text", "--collection", name], options);
      expect(text.stderr).toContain("[E_SNAPSHOT_FORMAT]");
      expect(await count(place, name)).toBe(rows - 1);
    },
  );
});

describe("vecferry snapshot of an embedded Qdrant", () => {
  it("takes all collections with their aliases, and everything in one file", async () => {
    using folder = temporaryFolder();
    const options = { cwd: folder.path };
    const engine = await openEngine(join(folder.path, "data"));
    for (const name of ["one", "two"])
      await engine.createCollection(name, { vectors: { size: 1, distance: "Dot" } });
    const alias = { create_alias: { alias_name: "second", collection_name: "two" } };
    const body = JSON.stringify({ actions: [alias] });
    await engine.ask({ operation: "updateAliases", collection: "", params: {}, body });
    await engine.close();
    for (const [to, ...how] of [["each"], ["all", "--storage"]]) {
      const set = to ?? "";
      const made = await runCli(
        ["snapshot", "create", "embedded:data", "--to", set, ...how],
        options,
      );
      expect(made).toMatchObject({ status: 0, stderr: "" });
      const target = `embedded:back-${set}`;
      const back = await runCli(["snapshot", "recover", target, "--from", set], options);
      expect(back).toMatchObject({ status: 0, stderr: "" });
      expect(back.stdout).toContain("Aliases made: second.");
    }
    const renamed = ["--from", "all", "--rename", "one=three"];
    const fixed = await runCli(["snapshot", "recover", "embedded:other", ...renamed], options);
    expect(fixed.stderr).toContain("[E_SNAPSHOT_FORMAT]");
    const absent = await runCli(["snapshot", "create", "embedded:none", "--to", "x"], options);
    expect(absent).toMatchObject({ status: 2 });
    expect(existsSync(join(folder.path, "none"))).toBe(false);
    const chroma = await runCli(["snapshot", "list", "chroma://localhost:8000"], options);
    expect(chroma.stderr).toContain("[E_NOT_SUPPORTED]");
  });

  it("needs a key that may write", async () => {
    using folder = temporaryFolder();
    const engine = await openEngine(":memory:");
    await engine.createCollection("one", { vectors: { size: 1, distance: "Dot" } });
    const keys = { apiKey: "all", readOnlyApiKey: "read" };
    const server = await serve(engine, { port: 0, grpcPort: null, ...keys });
    const as = (key: string, ...words: string[]) =>
      runCli(["snapshot", ...words], { cwd: folder.path, env: { QDRANT_API_KEY: key } });
    const refused = await as("read", "create", server.url, "--to", "set");
    expect(refused).toMatchObject({ status: 2 });
    expect(refused.stderr).toContain("[E_AUTH]");
    expect(existsSync(join(folder.path, "set/snapshots.json"))).toBe(false);
    expect(await as("read", "list", server.url)).toMatchObject({ status: 0 });
    expect(await as("all", "create", server.url, "--to", "set")).toMatchObject({ status: 0 });
    const writing = await as("read", "recover", server.url, "--from", "set", "--overwrite");
    expect(writing).toMatchObject({ status: 2 });
    expect(writing.stderr).toContain("[E_AUTH]");
    const url = `${server.url}/collections/one/snapshots/x`;
    const far = await as("all", "recover", server.url, "--from", url, "--collection", "two");
    expect(far.stderr).toContain("the server must not fetch from addresses");
    await server.close();
    await engine.close();
  });
});
