/** What single versions of Chroma do, with the real servers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { openChroma } from "../../src/adapters/chroma/index.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import type { FixtureRecord } from "../../src/testing/index.ts";
import {
  addRecords,
  collectionsUrl,
  defaultPlace,
  makeCollection,
  send,
} from "../support/chroma-fill.ts";
import {
  type ChromaServer,
  type ChromaVersion,
  chromaAvailable,
  startChroma,
} from "../support/chroma-server.ts";

/** Declares a test that runs where all of `versions` can be started. */
function itWith(versions: readonly ChromaVersion[], name: string, body: () => Promise<void>): void {
  const reason =
    versions.map((version) => chromaAvailable(version, true)).find((each) => each !== null) ?? null;
  it.skipIf(reason !== null)(reason === null ? name : `${name} (skipped: ${reason})`, body);
}

const address = (server: ChromaServer) =>
  ({ kind: "chroma", url: server.url, tenant: null, database: null }) as const;

function numbered(count: number): FixtureRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `r${n}`,
    vector: [n + 1, 2, 3].map((component) => Math.fround(component / Math.hypot(n + 1, 2, 3))),
    document: `document ${n}`,
    uri: null,
    metadata: `{"n":${n}}`,
  }));
}

describe("authentication", () => {
  const token = {
    CHROMA_SERVER_AUTHN_PROVIDER: "chromadb.auth.token_authn.TokenAuthenticationServerProvider",
    CHROMA_SERVER_AUTHN_CREDENTIALS: "s3cret",
  };
  const basic = {
    CHROMA_SERVER_AUTHN_PROVIDER: "chromadb.auth.basic_authn.BasicAuthenticationServerProvider",
  };

  itWith(
    ["0.5.23"],
    "reads with the token in the header that the server takes, and is refused with the other",
    async () => {
      for (const header of ["authorization", "x-chroma-token"] as const) {
        const name = header === "authorization" ? "Authorization" : "X-Chroma-Token";
        await using server = await startChroma({
          version: "0.5.23",
          env: { ...token, CHROMA_AUTH_TOKEN_TRANSPORT_HEADER: name },
        });
        await using store = await openChroma(address(server), {
          chroma: { token: "s3cret", tokenHeader: header },
        });
        expect(await store.collections()).toEqual([]);
        const other =
          header === "authorization" ? ("x-chroma-token" as const) : ("authorization" as const);
        for (const chroma of [
          {},
          { token: "wrong", tokenHeader: header },
          { token: "s3cret", tokenHeader: other },
        ]) {
          await expect(openChroma(address(server), { chroma })).rejects.toMatchObject({
            code: "E_AUTH",
          });
        }
      }
    },
  );

  itWith(["0.5.23"], "reads with user and password", async () => {
    // bcrypt of "s3cret".
    const line = "me:$2b$04$gD6t6J//0UjeKE0aMbJYz.fDCSwpb8K8dZW1WhMIu1QeBQCI2XdQu";
    await using server = await startChroma({
      version: "0.5.23",
      env: { ...basic, CHROMA_SERVER_AUTHN_CREDENTIALS: line },
    });
    await using store = await openChroma(address(server), {
      chroma: { user: "me", password: "s3cret" },
    });
    expect(await store.collections()).toEqual([]);
    await expect(
      openChroma(address(server), { chroma: { user: "me", password: "wrong" } }),
    ).rejects.toMatchObject({ code: "E_AUTH" });
  });

  itWith(["0.4.24"], "reads from 0.4 with a token", async () => {
    const env = {
      CHROMA_SERVER_AUTH_PROVIDER: "chromadb.auth.token.TokenAuthServerProvider",
      CHROMA_SERVER_AUTH_CREDENTIALS_PROVIDER:
        "chromadb.auth.token.TokenConfigServerAuthCredentialsProvider",
      CHROMA_SERVER_AUTH_CREDENTIALS: "s3cret",
    };
    await using server = await startChroma({ version: "0.4.24", env });
    await using store = await openChroma(address(server), { chroma: { token: "s3cret" } });
    expect(await store.collections()).toEqual([]);
    await expect(openChroma(address(server))).rejects.toMatchObject({ code: "E_AUTH" });
  });
});

describe("records without a vector, and vectors with an infinite component", () => {
  for (const version of ["0.6.3", "0.5.23", "0.4.24"] as const) {
    itWith(
      [version],
      `are named, and no record gets its neighbour's vector (${version})`,
      async () => {
        await using server = await startChroma({ version });
        const key = await makeCollection(server, defaultPlace, "holes");
        const [first, second, ...rest] = numbered(40);
        if (!first || !second) throw new Error("no records");
        const add = (body: string) =>
          send(collectionsUrl(server, defaultPlace, `/${key}/add`), "POST", body);
        await addRecords(server, defaultPlace, key, [first]);
        await add(
          '{"ids":["a hole"],"embeddings":null,"documents":["text"],"metadatas":[null],"uris":null}',
        );
        await addRecords(server, defaultPlace, key, [second]);
        await add(
          '{"ids":["infinite"],"embeddings":[[1e39,1,2]],"documents":["text"],"metadatas":[null],"uris":null}',
        );
        await addRecords(server, defaultPlace, key, rest);
        await using store = await openChroma(address(server));
        const [info] = await store.collections();
        if (!info) throw new Error("no collection");
        expect(info.dimension).toBe(3);
        const written = new Map([first, second, ...rest].map((record) => [record.id, record]));
        const { batch, failures } = await store.read(info, [
          ...written.keys(),
          "a hole",
          "infinite",
        ]);
        expect(failures.map(({ id, reason }) => `${id}: ${reason}`).sort()).toEqual([
          "a hole: no-vector",
          "infinite: not-finite",
        ]);
        expect(batch.ids.length).toBe(written.size);
        const data = denseVector(batch)?.data ?? new Float32Array();
        for (const [row, id] of batch.ids.entries()) {
          expect([...data.subarray(row * 3, row * 3 + 3)]).toEqual(written.get(id)?.vector);
        }
      },
    );
  }
});

describe("a lost queue", () => {
  itWith(["1.5.9"], "costs the records whose vector is gone, by name, not their page", async () => {
    const path = await mkdtemp(join(tmpdir(), "vecferry-lost-"));
    const records = numbered(300);
    try {
      {
        await using whole = await startChroma({ path });
        const key = await makeCollection(whole, defaultPlace, "torn");
        await addRecords(whole, defaultPlace, key, records);
      }
      // Never flushed: the queue is the only place of these vectors.
      const database = new DatabaseSync(join(path, "chroma.sqlite3"));
      database.exec("DELETE FROM embeddings_queue WHERE id IN ('r0', 'r150', 'r151')");
      database.close();
      await using server = await startChroma({ path });
      await using store = await openChroma(address(server));
      const [info] = await store.collections();
      if (!info) throw new Error("no collection");
      const { batch, absent, failures } = await store.read(
        info,
        records.map(({ id }) => id),
      );
      expect(failures.map(({ id, reason }) => `${id}: ${reason}`)).toEqual([
        "r0: unanswerable",
        "r150: unanswerable",
        "r151: unanswerable",
      ]);
      expect([batch.ids.length, absent]).toEqual([297, []]);
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  });
});

describe("the distance", () => {
  itWith(
    ["0.6.3", "1.5.9"],
    "is found by a query where 1.5.9 serves the folder of a 0.6.3 and says l2",
    async () => {
      const path = await mkdtemp(join(tmpdir(), "vecferry-upgraded-"));
      try {
        {
          await using old = await startChroma({ version: "0.6.3", path });
          for (const space of ["cosine", "ip", "l2"]) {
            const key = await makeCollection(
              old,
              defaultPlace,
              space === "ip" ? "inner" : space.padEnd(3, "2"),
              { "hnsw:space": space },
            );
            await addRecords(old, defaultPlace, key, numbered(30));
          }
        }
        await using server = await startChroma({ path });
        await using store = await openChroma(address(server));
        const seen = (await store.collections()).map(({ name, distance, configuration }) => ({
          name,
          distance,
          says: configuration?.includes('"space":"l2"'),
        }));
        expect(seen).toEqual([
          { name: "cosine", distance: "cosine", says: true },
          { name: "inner", distance: "ip", says: true },
          { name: "l22", distance: "l2", says: true },
        ]);
      } finally {
        await rm(path, { recursive: true, force: true });
      }
    },
  );
});
