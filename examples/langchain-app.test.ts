/** A Chroma folder of three collections becomes three tenants of one collection, and the app answers out of one of them. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { FakeChatModel } from "@langchain/core/utils/testing";
import { connect, connectSource } from "vecferry";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createApp } from "./langchain-app.ts";

const root = path.resolve(import.meta.dirname, "..");
const folder = mkdtempSync(path.join(tmpdir(), "vecferry-langchain-"));
const chroma = path.join(folder, "chroma");
const tenants = {
  debian_admin: "operations",
  debian_games: "arcade",
  debian_science: "laboratory",
};
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  mkdirSync(chroma);
  execFileSync("tar", ["-xzf", path.join(root, "examples/chroma.tar.gz"), "-C", chroma]);
  writeFileSync(path.join(folder, "tenants.json"), JSON.stringify(tenants));
  const words =
    "migrate ./chroma embedded:./qdrant --target-collection debian --tenant-mapping tenants.json";
  execFileSync(process.execPath, [path.join(root, "dist/cli/main.js"), ...words.split(" ")], {
    cwd: folder,
  });
});

/** In the place of the model that embedded the folder: knows the texts of its records, and their vectors. */
async function embeddingsOfChroma(collection: string, ids: readonly string[]) {
  await using source = await connectSource(chroma);
  const info = (await source.collections()).find(({ name }) => name === collection);
  if (info === undefined) throw new Error(`There is no ${collection}.`);
  const { batch } = await source.read(info, ids);
  const column = batch.vectors.get("");
  if (column?.kind !== "dense") throw new Error("There are no vectors.");
  const { data, dimension } = column;
  const embeddingOf = (text: string): number[] => {
    const row = batch.ids.findIndex((id) => text.includes(id));
    return [...data.slice(row * dimension, (row + 1) * dimension)];
  };
  return {
    embedDocuments: async (texts: string[]) => texts.map(embeddingOf),
    embedQuery: async (text: string) => embeddingOf(text),
  };
}

it("answers out of one tenant's migrated documents, and adds new ones beside them", async () => {
  const embeddings = await embeddingsOfChroma("debian_games", ["pychess"]);
  await using connection = await connect({ url: `embedded:${path.join(folder, "qdrant")}` });
  const appOf = async (tenant: string) =>
    await createApp({
      service: connection.tenant(tenant, { collection: "debian" }),
      embeddings,
      // Answers with what it was asked.
      model: new FakeChatModel({}),
    });

  const arcade = await (await appOf("arcade")).invoke("What is like pychess?");
  expect(arcade).toMatch(/^\[pychess\] .*chess/im);
  expect(arcade.match(/^\[.+\]/gm)).toHaveLength(3);

  const operations = await (await appOf("operations")).invoke("What is like pychess?");
  expect(operations).not.toContain("[pychess]");
  expect(operations.match(/^\[.+\]/gm)).toHaveLength(3);

  await using games = connection.tenant("arcade", { collection: "debian" });
  const [migrated] = await games.get(["pychess"]);
  expect(migrated).toMatchObject({ createdAt: null, metadata: { section: "games" } });
  const store = await games.asLangChainVectorStore({ embeddings });
  const added = { id: "mine", pageContent: "Like pychess, and mine", metadata: { section: "own" } };
  await store.addDocuments([added]);
  const filter = { section: "own" };
  const mine = await createApp({
    service: games,
    embeddings,
    model: new FakeChatModel({}),
    filter,
  });
  expect(await mine.invoke("What is like pychess?")).toContain("[mine] Like pychess, and mine");
});
