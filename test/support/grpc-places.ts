/** The gRPC ports that tests call: the embedded Qdrant's always, a real server's where QDRANT_URL is set. */
import { QdrantClient } from "@qdrant/js-client-grpc";
import { openEngine } from "../../src/engine/index.ts";
import { listenGrpc } from "../../src/server/grpc/listen.ts";
import { realGrpcPort } from "./qdrant-places.ts";

export interface GrpcPlace extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly headers: Record<string, string>;
  /** Qdrant's own client; messages go as gzip when `compression` is on, as is its default. */
  client(compression?: boolean): QdrantClient;
  /** A collection name that nothing else uses; the collection is removed with the place. */
  unique(name: string): string;
}

export interface GrpcKind {
  readonly name: string;
  readonly skip: boolean;
  start(): Promise<GrpcPlace>;
}

const realUrl = process.env["QDRANT_URL"];
const realKey = process.env["QDRANT_API_KEY"];

/** Both kinds, for `describe.each`; the real one is skipped where there is none. */
export const grpcKinds: readonly [embedded: GrpcKind, real: GrpcKind] = [
  { name: "embedded Qdrant's gRPC port", skip: false, start: startEmbedded },
  {
    name: realUrl ? "a Qdrant server's gRPC port" : "a Qdrant server (QDRANT_URL is not set)",
    skip: !realUrl,
    start: async () => {
      const url = realUrl ?? "";
      const headers: Record<string, string> = realKey ? { "api-key": realKey } : {};
      return place(new URL(url).hostname, realGrpcPort(url), headers, async () => {});
    },
  },
];

async function startEmbedded(): Promise<GrpcPlace> {
  const engine = await openEngine(":memory:");
  const host = "127.0.0.1";
  const server = await listenGrpc(engine, { host, port: 0 });
  return place(host, server.port, {}, async () => {
    await server.close();
    await engine.close();
  });
}

function place(
  host: string,
  port: number,
  headers: Record<string, string>,
  close: () => Promise<void>,
): GrpcPlace {
  const names: string[] = [];
  const client = (compression = true) =>
    new QdrantClient({ host, port, headers, compression, checkCompatibility: false });
  return {
    host,
    port,
    headers,
    client,
    unique(name) {
      const made = `${name}-${crypto.randomUUID()}`;
      names.push(made);
      return made;
    },
    async [Symbol.asyncDispose]() {
      const collections = client().api("collections");
      for (const collectionName of names) await collections.delete({ collectionName });
      await close();
    },
  };
}
