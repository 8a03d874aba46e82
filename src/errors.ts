/**
 * One error class and one table of codes. Codes do not change between major versions; messages may.
 * Nothing in vecferry decides by message text.
 */

/** What a code means: the exit status it leads to, whether trying again can help, and what to do next. */
interface CodeEntry {
  readonly exit: 1 | 2 | 5 | 6 | 130;
  readonly retryable: boolean;
  readonly next: string;
}

export const errorCodes = {
  E_USAGE: {
    exit: 2,
    retryable: false,
    next: "See `vecferry help` for the command and its flags.",
  },
  E_CONFIG: {
    exit: 2,
    retryable: false,
    next: "Correct the named setting and run the same command again.",
  },
  E_INPUT: { exit: 2, retryable: false, next: "Correct the named field." },
  E_UNREACHABLE: {
    exit: 5,
    retryable: true,
    next: "Check that the host and the port are right and that the server is up, then run the same command again.",
  },
  E_TIMEOUT: {
    exit: 5,
    retryable: true,
    next: "Run the same command again; it goes on where it stopped.",
  },
  E_RATE_LIMITED: {
    exit: 5,
    retryable: true,
    next: "Wait a little and run the same command again; it goes on where it stopped.",
  },
  E_SERVER: {
    exit: 5,
    retryable: true,
    next: "Look into the server's log, then run the same command again; it goes on where it stopped.",
  },
  E_BAD_RESPONSE: {
    exit: 5,
    retryable: true,
    next: "Something between here and the server cuts or changes its answers; mend it and run the same command again.",
  },
  E_AUTH: {
    exit: 2,
    retryable: false,
    next: "Give the right key: --qdrant-api-key-file for a Qdrant; CHROMA_API_KEY for Chroma Cloud; --chromadb-token-file, or --chromadb-user with its password, for a Chroma.",
  },
  E_NOT_CHROMA: {
    exit: 2,
    retryable: false,
    next: "Give the address of a Chroma server or of Chroma Cloud, or the path of a folder that holds chroma.sqlite3.",
  },
  E_NOT_QDRANT: {
    exit: 2,
    retryable: false,
    next: "Give the address of Qdrant's REST port (6333 unless changed).",
  },
  E_NOT_SUPPORTED: { exit: 1, retryable: false, next: "See docs/requirements-and-limits.md." },
  E_TENANT_NOT_FOUND: {
    exit: 2,
    retryable: false,
    next: "Check the tenant and the database in the address.",
  },
  E_COLLECTION_NOT_FOUND: {
    exit: 2,
    retryable: false,
    next: "Check the spelling; the names that exist are in the message.",
  },
  E_NO_FOLDER: {
    exit: 2,
    retryable: false,
    next: "Give the path of the folder that holds chroma.sqlite3.",
  },
  E_FOLDER_LAYOUT: {
    exit: 1,
    retryable: false,
    next: "This layout is not one vecferry reads; start the Chroma version that wrote it and give the address of its server.",
  },
  E_FOLDER_IN_USE: {
    exit: 5,
    retryable: true,
    next: "Stop the server that writes to the folder, or copy the folder and read the copy.",
  },
  E_FOLDER_TORN: {
    exit: 1,
    retryable: false,
    next: "Restore the named file from a backup, or start Chroma on a copy and migrate from its server.",
  },
  E_SCHEMA_CONFLICT: {
    exit: 2,
    retryable: false,
    next: "Choose another target collection (--target-collection, --rename), or delete the one that stands there.",
  },
  E_FOREIGN_POINTS: {
    exit: 2,
    retryable: false,
    next: "Choose another target collection, or say --merge to write beside the points that are there.",
  },
  E_POINT_TAKEN: {
    exit: 2,
    retryable: false,
    next: "Give the collection an id prefix: --id-prefix COLLECTION=TEXT.",
  },
  E_ID_COLLISION: {
    exit: 2,
    retryable: false,
    next: "Give one of the collections an id prefix: --id-prefix COLLECTION=TEXT.",
  },
  E_RESERVED_KEY: {
    exit: 2,
    retryable: false,
    next: "Choose a layout that keeps metadata apart: --layout vecferry.",
  },
  E_MAPPING: {
    exit: 2,
    retryable: false,
    next: 'Correct the mapping file: { "collection": "tenant" }.',
  },
  E_UNMAPPED: {
    exit: 2,
    retryable: false,
    next: "Add the named collections to the mapping, or give --default-tenant.",
  },
  E_NAME: {
    exit: 2,
    retryable: false,
    next: "Give the collection another name at the target: --rename OLD=NEW.",
  },
  E_PLAN_CHANGED: {
    exit: 2,
    retryable: false,
    next: "Use the flags of the first run, or --restart to copy all again with the new ones.",
  },
  E_PLAN_FILE: {
    exit: 2,
    retryable: false,
    next: "Make the plan anew: `vecferry plan SOURCE TARGET --out FILE`.",
  },
  E_PLAN_STALE: {
    exit: 2,
    retryable: false,
    next: "Make a plan of what is there now: `vecferry plan SOURCE TARGET --out FILE`.",
  },
  E_JOURNAL_FORMAT: {
    exit: 1,
    retryable: false,
    next: "Use the newer vecferry that wrote it, or another folder with --state.",
  },
  E_JOURNAL_DAMAGED: {
    exit: 1,
    retryable: false,
    next: "Move the journal away and run again with --restart; nothing at the target is lost.",
  },
  E_LOCKED: {
    exit: 5,
    retryable: false,
    next: "Wait until the other run has ended, or stop it with Ctrl-C in its terminal.",
  },
  E_DISK_FULL: {
    exit: 5,
    retryable: false,
    next: "Free some room on the disk, then run the same command again; it goes on where it stopped.",
  },
  E_DIMENSION: {
    exit: 2,
    retryable: false,
    next: "Embed with the model that the collection was made for, or make a collection of this dimension.",
  },
  E_MODEL: {
    exit: 2,
    retryable: false,
    next: "Embed with the model that the collection names, or make another collection.",
  },
  E_EMBED: {
    exit: 1,
    retryable: false,
    next: "Mend the embed function: one embedding of finite numbers for each text; what it threw is in `cause`.",
  },
  E_TENANT: { exit: 2, retryable: false, next: "Name the tenant whose documents are meant." },
  E_NOT_TENANTED: {
    exit: 2,
    retryable: false,
    next: "Migrate with --default-tenant or --tenant-mapping, or make the collection with createCollectionOptimized.",
  },
  E_PERMISSION: {
    exit: 1,
    retryable: false,
    next: "Ask as a user to whom this tenant belongs.",
  },
  E_DOCUMENT_EXISTS: {
    exit: 1,
    retryable: false,
    next: "Say upsert to write over it.",
  },
  E_DOCUMENT_NOT_FOUND: {
    exit: 1,
    retryable: false,
    next: "Say upsert to write it all the same.",
  },
  E_QUEUE_FULL: {
    exit: 5,
    retryable: true,
    next: "Bring the store that is behind back, or give HybridVectorService a larger queueMax.",
  },
  E_REJECTED: {
    exit: 1,
    retryable: false,
    next: "The target refuses the request for good; the target's own words are in the message.",
  },
  E_STORAGE: {
    exit: 1,
    retryable: false,
    next: "The named file is damaged; restore it from a backup.",
  },
  E_NO_ARCHIVE: {
    exit: 2,
    retryable: false,
    next: "Give the path of the folder that holds the archive's manifest.json.",
  },
  E_ARCHIVE_FORMAT: {
    exit: 1,
    retryable: false,
    next: "Use the vecferry that wrote the archive, or a newer one.",
  },
  E_ARCHIVE_DAMAGED: {
    exit: 1,
    retryable: false,
    next: "Take another copy of the archive, or make a new backup; nothing was read from this one.",
  },
  E_NO_SNAPSHOT: {
    exit: 2,
    retryable: false,
    next: "See which are there: `vecferry snapshot list TARGET`.",
  },
  E_SNAPSHOT_FORMAT: {
    exit: 1,
    retryable: false,
    next: "Move the points instead, which goes between any two versions: `vecferry backup` and `vecferry restore`.",
  },
  E_SNAPSHOT_DAMAGED: {
    exit: 1,
    retryable: false,
    next: "Take another copy of the snapshot, or make a new one; nothing was changed by this one.",
  },
  E_GATE: {
    exit: 6,
    retryable: false,
    next: "See docs/compare.md: where exact search misses records too, `vecferry repair`; else the target's index or its quantization is at fault.",
  },
  E_NOT_GREEN: {
    exit: 5,
    retryable: true,
    next: "Look at the collection's status at the target; run the same command again when it has finished indexing, or wait longer with --wait-green-ms.",
  },
  E_NO_MIGRATION: {
    exit: 2,
    retryable: false,
    next: "Run `vecferry migrate SOURCE TARGET` first, or give --state DIR.",
  },
  E_CLOSED: { exit: 1, retryable: false, next: "Open the store again." },
  E_ABORTED: {
    exit: 130,
    retryable: false,
    next: "Run the same command again; it goes on where it stopped.",
  },
  E_INTERNAL: {
    exit: 1,
    retryable: false,
    next: "This is a fault in vecferry; please report it with the log file.",
  },
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof errorCodes;

export interface VectorErrorOptions {
  /** What failed first; kept, and printed in the log. */
  cause?: unknown;
  /** Overrides the table where the vendor's answer is known to be final, or known to pass. */
  retryable?: boolean;
  /** What the server asked to wait, in ms (Retry-After). */
  retryAfterMs?: number;
  /** A next step that is more exact than the table's. */
  next?: string;
  /** Facts as data: names, numbers, HTTP status. Never a key, never document text. */
  details?: Readonly<Record<string, unknown>>;
}

/** The one error that vecferry throws on purpose. `message` says what is wrong, `next` what to do about it. */
export class VectorError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly next: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: VectorErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "VectorError";
    this.code = code;
    this.retryable = options.retryable ?? errorCodes[code].retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.next = options.next ?? errorCodes[code].next;
    this.details = options.details ?? {};
  }

  /** The exit status of a command that ends with this error. */
  get exit(): number {
    return errorCodes[this.code].exit;
  }
}

/** Whether `error` is a VectorError, of `code` where one is given. */
export function isVectorError(error: unknown, code?: ErrorCode): error is VectorError {
  return error instanceof VectorError && (code === undefined || error.code === code);
}
