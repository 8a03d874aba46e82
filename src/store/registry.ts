/** What a table of adapters looks like. The table itself is made where adapters may be imported. */
import type { Address, AddressOf } from "./address.ts";
import type {
  ArchiveCheck,
  ArchiveCheckOptions,
  ArchiveReader,
  ArchiveWriter,
  ArchiveWriterOptions,
  KeepPolicy,
  KeptGenerations,
} from "./archive.ts";
import type { DocumentStore } from "./documents.ts";
import type { FolderLook, Recognised, Recogniser, TargetLook } from "./look.ts";
import type { GentleOptions } from "./pace.ts";
import type { SourceStore, TargetStore } from "./port.ts";
import type { RecordTarget } from "./record-target.ts";
import type { SnapshotStore } from "./snapshots.ts";

/** How to reach a server or open a folder, beyond its address. Keys stay in memory and are never printed. */
export interface ConnectOptions {
  readonly chroma?: ChromaOptions | undefined;
  readonly qdrant?: QdrantOptions | undefined;
  /** The longest silence of a server that is borne before a call fails and is tried again. Default 120,000. */
  readonly timeoutMs?: number | undefined;
  /** Told of each retry of a call. */
  readonly onRetry?: OnStoreRetry | undefined;
  /** Told which way the points of a Qdrant server go: as soon as it is known, and where it changes. */
  readonly onRoad?: OnRoad | undefined;
  /** Told how long each answer of a server took, in ms. */
  readonly onAnswer?: ((ms: number) => void) | undefined;
  /** What the store must not be asked beyond. */
  readonly gentle?: GentleOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type OnStoreRetry = (retry: {
  readonly code: string;
  /** Attempts that have failed so far. */
  readonly failed: number;
  readonly waitMs: number;
}) => void;

export type OnRoad = (road: Road) => void;

/** Which way the points of a Qdrant server go. */
export interface Road {
  readonly road: "grpc" | "rest";
  /** The port that bears them. */
  readonly port: number;
  /** One sentence: which way, and why. */
  readonly text: string;
}

export interface ChromaOptions {
  readonly token?: string | undefined;
  /** The header that bears the token: `authorization` (as a bearer token; the default) or `x-chroma-token` (the default at Chroma Cloud). */
  readonly tokenHeader?: "authorization" | "x-chroma-token" | undefined;
  /** Basic authentication. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string | undefined;
}

export interface QdrantOptions {
  readonly apiKey?: string | undefined;
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string | undefined;
}

/** Who can be told apart by what answers, and how each kind of end is looked at. */
export interface LookTable {
  readonly recognisers: Readonly<Record<Recognised["what"], Recogniser>>;
  readonly folder: (
    address: AddressOf<"chroma-folder">,
    signal: AbortSignal,
  ) => Promise<FolderLook>;
  /** @throws as opening the store does */
  readonly qdrant: (address: AddressOf<"qdrant">, options: ConnectOptions) => Promise<TargetLook>;
  /** Opens nothing for writing, and makes nothing. @throws E_CONFIG, E_NOT_SUPPORTED, E_STORAGE */
  readonly embedded: (path: string) => Promise<TargetLook>;
  /** As `embedded`. @throws E_FOLDER_LAYOUT, E_STORAGE */
  readonly faiss: (path: string) => Promise<TargetLook>;
}

/** Stores that can be read as a source of a migration, and those that can be its target, by the kind of their address; and archives, of whatever. */
export interface StoreTable {
  readonly looks: LookTable;
  readonly sources: {
    readonly [Kind in SourceKind]: Opener<Kind, SourceStore>;
  };
  readonly targets: {
    readonly [Kind in TargetKind]: Opener<Kind, TargetStore>;
  };
  /** Stores that hold documents of tenants. */
  readonly documents: {
    readonly [Kind in DocumentKind]: Opener<Kind, DocumentStore>;
  };
  /** Qdrants whose own snapshots are made and recovered. */
  readonly snapshots: {
    /** `nodes`: REST addresses of the cluster's further nodes. */
    readonly qdrant: (
      address: AddressOf<"qdrant">,
      nodes: readonly string[],
      options: ConnectOptions,
    ) => Promise<SnapshotStore>;
    readonly embedded: Opener<"embedded", SnapshotStore>;
  };
  readonly archives: {
    /** Whether a finished archive stands in a folder, told from names alone. */
    readonly isAt: (path: string) => Promise<boolean>;
    readonly read: Opener<"archive", ArchiveReader>;
    /** Begins an archive, or goes on with one that was not finished. */
    readonly write: (
      address: AddressOf<"archive">,
      options: ArchiveWriterOptions,
    ) => Promise<ArchiveWriter>;
    /** Looks at every file of an archive, and names what is not as it was written. */
    readonly check: (
      address: AddressOf<"archive">,
      options: ArchiveCheckOptions,
    ) => Promise<ArchiveCheck>;
    /** Lets go of the generations that the policy does not keep. */
    readonly keep: (address: AddressOf<"archive">, policy: KeepPolicy) => Promise<KeptGenerations>;
  };
  /** Stores that take records as they are. */
  readonly records: {
    readonly [Kind in RecordTargetKind]: Opener<Kind, RecordTarget>;
  };
}

export type SourceKind = "chroma" | "chroma-cloud" | "chroma-folder" | "archive";
/** Sources that records can be written to. */
export type RecordTargetKind = "chroma" | "chroma-cloud";
const targetKinds = ["qdrant", "embedded", "faiss"] as const;
export type TargetKind = (typeof targetKinds)[number];

/** Whether a migration can write to what the address names. */
export function isTargetAddress(address: Address): address is AddressOf<TargetKind> {
  const kinds: readonly string[] = targetKinds;
  return kinds.includes(address.kind);
}
export type DocumentKind = "qdrant" | "embedded" | "faiss" | "chroma" | "chroma-cloud";

/** Opens one store. Throws what the adapter throws: E_UNREACHABLE, E_AUTH, E_NO_FOLDER and their like. */
export type Opener<Kind extends Address["kind"], Store extends AsyncDisposable> = (
  address: AddressOf<Kind>,
  options: ConnectOptions,
) => Promise<Store>;
