/** The official client in the versions that are supported: the oldest, the one installed, the newest. */
import { QdrantClient } from "@qdrant/js-client-rest";
import { QdrantClient as Oldest } from "qdrant-client-1.17";
import { QdrantClient as Newest } from "qdrant-client-1.19";
import { openEmbedded } from "../../src/embedded/open.ts";
import { startServer } from "../../src/testing/server.ts";

/** The classes differ in a few methods, which tests of all versions do not call. */
type ClientClass = typeof QdrantClient;

export const clientVersions: readonly { readonly version: string; readonly Client: ClientClass }[] =
  [
    { version: "1.17", Client: Oldest as unknown as ClientClass },
    { version: "1.18", Client: QdrantClient },
    { version: "1.19", Client: Newest as unknown as ClientClass },
  ];

export interface ClientPlace extends AsyncDisposable {
  readonly client: QdrantClient;
}

/** A client of a new, empty Qdrant: in process, or by HTTP. */
export const clientRoads: readonly {
  readonly road: string;
  start(Client: ClientClass): Promise<ClientPlace>;
}[] = [
  {
    road: "in process",
    start: (Client) => openEmbedded(":memory:", { QdrantClient: Client }),
  },
  {
    road: "over HTTP",
    start: async (Client) => {
      const server = await startServer();
      const client = new Client({ ...server.clientOptions, checkCompatibility: false });
      return { client, [Symbol.asyncDispose]: server.close };
    },
  },
];
