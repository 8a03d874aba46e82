/** The one place that knows all adapters. Each is loaded when it is first needed. */
import type { QdrantOptions } from "./adapters/qdrant/index.ts";
import type { EmbeddedAddress, FaissAddress, QdrantAddress } from "./store/address.ts";
import type { DocumentStore } from "./store/documents.ts";
import type { ConnectOptions, StoreTable } from "./store/registry.ts";

export const stores: StoreTable = {
  looks: {
    recognisers: {
      chroma: async (url, options) => {
        const { recogniseChroma } = await import("./adapters/chroma/index.ts");
        return recogniseChroma(url, options);
      },
      qdrant: async (url, options) => {
        const { recogniseQdrant } = await import("./adapters/qdrant/index.ts");
        return recogniseQdrant(url, options);
      },
      "qdrant-grpc": async (url, options) => {
        const { recogniseQdrantGrpc } = await import("./adapters/qdrant/index.ts");
        return recogniseQdrantGrpc(url, options);
      },
    },
    folder: async (address, signal) => {
      const { lookAtFolder } = await import("./adapters/chroma-folder/index.ts");
      return lookAtFolder(address.path, signal);
    },
    qdrant: async (address, options) => {
      const { lookAtServer } = await import("./adapters/qdrant/index.ts");
      const { onRoad, timeoutMs, signal } = options;
      return lookAtServer(address, { ...options.qdrant, timeoutMs, onRoad, signal });
    },
    embedded: async (path) => {
      const { lookAtEmbedded } = await import("./adapters/qdrant/index.ts");
      return lookAtEmbedded(path);
    },
    faiss: async (path) => {
      const { lookAtFaiss } = await import("./adapters/faiss/index.ts");
      return lookAtFaiss(path);
    },
  },
  sources: {
    chroma: async (address, options) => {
      const { openChroma } = await import("./adapters/chroma/index.ts");
      return openChroma(address, options);
    },
    "chroma-cloud": async (address, options) => {
      const { openChromaCloud } = await import("./adapters/chroma/index.ts");
      return openChromaCloud(address, options);
    },
    "chroma-folder": async (address, options) => {
      const { openChromaFolder } = await import("./adapters/chroma-folder/index.ts");
      const { path, tenant, database } = address;
      return openChromaFolder(path, {
        ...(tenant === null ? {} : { tenant }),
        ...(database === null ? {} : { database }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    },
    archive: async (address, options) => {
      const { openRecordArchive } = await import("./adapters/archive/index.ts");
      const { path, generation } = address;
      return openRecordArchive(path, { generation, signal: options.signal });
    },
  },
  targets: { qdrant: openQdrantServer, embedded: openEmbeddedFolder, faiss: openFaissFolder },
  documents: {
    qdrant: openQdrantServer,
    embedded: openEmbeddedFolder,
    faiss: openFaissFolder,
    chroma: async (address, options) => {
      const { openChromaDocuments } = await import("./adapters/chroma/index.ts");
      return openChromaDocuments(address, options);
    },
    "chroma-cloud": async (address, options) => {
      const { openChromaCloudDocuments } = await import("./adapters/chroma/index.ts");
      return openChromaCloudDocuments(address, options);
    },
  },
  snapshots: {
    qdrant: async (address, nodes, options) => {
      const { openServerSnapshots } = await import("./adapters/qdrant/index.ts");
      return openServerSnapshots(address.url, nodes, serverOptions(options));
    },
    embedded: async (address, options) => {
      const { openEmbeddedSnapshots } = await import("./adapters/qdrant/index.ts");
      const { signal } = options;
      return openEmbeddedSnapshots(address.path, signal === undefined ? {} : { signal });
    },
  },
  archives: {
    isAt: async (path) => {
      const { isArchive } = await import("./adapters/archive/index.ts");
      return isArchive(path);
    },
    read: async (address, options) => {
      const { openArchive } = await import("./adapters/archive/index.ts");
      const { path, generation } = address;
      return openArchive(path, { generation, signal: options.signal });
    },
    write: async (address, options) => {
      const { writeArchive } = await import("./adapters/archive/index.ts");
      return writeArchive(address.path, options);
    },
    check: async (address, options) => {
      const { checkArchive } = await import("./adapters/archive/index.ts");
      return checkArchive(address.path, address.generation, options);
    },
    keep: async (address, policy) => {
      const { keepGenerations } = await import("./adapters/archive/index.ts");
      return keepGenerations(address.path, policy);
    },
  },
  records: {
    chroma: async (address, options) => {
      const { openChromaRecords } = await import("./adapters/chroma/index.ts");
      return openChromaRecords(address, options);
    },
    "chroma-cloud": async (address, options) => {
      const { openChromaCloudRecords } = await import("./adapters/chroma/index.ts");
      return openChromaCloudRecords(address, options);
    },
  },
};

async function openQdrantServer(
  address: QdrantAddress,
  options: ConnectOptions,
): Promise<DocumentStore> {
  const { openQdrant } = await import("./adapters/qdrant/index.ts");
  return openQdrant(address, serverOptions(options));
}

function serverOptions({ qdrant, timeoutMs, onRetry, onRoad, onAnswer, signal }: ConnectOptions) {
  return {
    ...qdrant,
    timeoutMs,
    onRetry: onRetry && (({ code }, failed, waitMs) => onRetry({ code, failed, waitMs })),
    onRoad,
    onAnswer,
    signal,
  } satisfies QdrantOptions;
}

async function openEmbeddedFolder(
  address: EmbeddedAddress,
  options: ConnectOptions,
): Promise<DocumentStore> {
  const { openEmbedded } = await import("./adapters/qdrant/index.ts");
  return openEmbedded(address.path, { signal: options.signal });
}

async function openFaissFolder(
  address: FaissAddress,
  options: ConnectOptions,
): Promise<DocumentStore> {
  const { openFaiss } = await import("./adapters/faiss/index.ts");
  return openFaiss(address.path, { signal: options.signal });
}
