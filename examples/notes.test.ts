/**
 * A Qdrant for your own tests, with no Docker and no network: `npx vitest run` starts a server on a free port for each test,
 * and ends it with the test's block. What is tested is any code that takes a Qdrant client.
 */
import { QdrantClient } from "@qdrant/js-client-rest";
import { startServer } from "vecferry/testing";
import { expect, it } from "vitest";

/** The code under test: the notes of a user, nearest first. */
async function findNotes(client: QdrantClient, user: string, vector: number[]): Promise<unknown[]> {
  const { points } = await client.query("notes", {
    query: vector,
    filter: { must: [{ key: "user", match: { value: user } }] },
    with_payload: ["text"],
  });
  return points.map(({ payload }) => payload?.["text"]);
}

it("finds a user's own notes alone, nearest first", async () => {
  await using server = await startServer();
  const client = new QdrantClient(server.clientOptions);
  await client.createCollection("notes", { vectors: { size: 3, distance: "Cosine" } });
  await client.upsert("notes", {
    wait: true,
    points: [
      { id: 1, vector: [0, 1, 0], payload: { user: "ada", text: "on engines" } },
      { id: 2, vector: [1, 0, 0], payload: { user: "ada", text: "on looms" } },
      { id: 3, vector: [1, 0, 0], payload: { user: "bob", text: "on looms, too" } },
    ],
  });
  expect(await findNotes(client, "ada", [1, 0.1, 0])).toEqual(["on looms", "on engines"]);
});
