/** What each code of `src/errors.ts` says has happened, for docs/errors.md: a code without a meaning does not compile. */
import type { ErrorCode } from "../src/errors.ts";

export const errorMeanings: Readonly<Record<ErrorCode, string>> = {
  E_USAGE:
    "The command line cannot be understood: an unknown command or flag, a value that the flag does not take, or two flags that exclude each other. Nothing was asked of any store.",
  E_CONFIG:
    "A setting cannot be used: an address, a variable, a line of `.env`, a file that a flag names, or an option in code. The message names it.",
  E_INPUT:
    "A request to the embedded Qdrant, or a call of the library, has a field that is missing, unknown, or of the wrong kind. The message names the field; nothing was written.",
  E_UNREACHABLE:
    "No connection came about, or it broke: nothing listens at the address, the name has none, the network refuses, or TLS could not be agreed on.",
  E_TIMEOUT:
    "The server was reached and did not answer in time (`--timeout-ms` is the longest silence). What was asked may or may not have been done; it is asked again in a way that does no harm.",
  E_RATE_LIMITED:
    "The server asks for fewer calls (HTTP 429). vecferry has waited as long as it was told to, and has given up after several tries.",
  E_SERVER:
    "The server answered with a fault of its own (HTTP 5xx), again and again. Its words are in the message.",
  E_BAD_RESPONSE:
    "An answer came that no such server gives: cut short, too large, not JSON, or of another shape. Often a proxy between here and there.",
  E_AUTH:
    "The server wants a key and got none, or does not take the one it got; or the key may not do what was asked.",
  E_NOT_CHROMA: "Something answers at the address, or stands at the path, and it is no Chroma.",
  E_NOT_QDRANT:
    "Something answers at the address and it is no Qdrant; often it is the gRPC port, which speaks no HTTP/1.",
  E_NOT_SUPPORTED:
    "What was asked cannot be done with this store, this version of it, or this build of vecferry. The message says which.",
  E_TENANT_NOT_FOUND: "The Chroma has no such tenant or database, or shows this key none.",
  E_COLLECTION_NOT_FOUND: "There is no collection of this name, or none that the flags choose.",
  E_NO_FOLDER: "At the path of a Chroma folder is no folder, or one without `chroma.sqlite3`.",
  E_FOLDER_LAYOUT:
    "The files of a folder are laid out in a way that is not read here: of a Chroma before 0.4.24, of one newer than was tested, or a FAISS folder with files that do not belong there.",
  E_FOLDER_IN_USE:
    "Another process writes to the folder while it is read, so that what was read would be of no single moment.",
  E_FOLDER_TORN: "A file of the folder is damaged or cut short. The message names it.",
  E_SCHEMA_CONFLICT:
    "At the target stands a collection of this name with another dimension, distance, vectors or settings than are wanted; or two things would become the same collection.",
  E_FOREIGN_POINTS:
    "The target collection holds points that this migration has not written. They are never written over nor deleted, and not mixed with others unasked.",
  E_POINT_TAKEN:
    "At the place of a record stands something else than this migration has put there: of another migration, or changed since.",
  E_ID_COLLISION:
    "Two records would become one point. Found before the first write; the message names both.",
  E_RESERVED_KEY:
    "A record's metadata has a key that the chosen layout keeps for itself. Found before anything was written in its place.",
  E_MAPPING:
    "The file of `--tenant-mapping` cannot be read, or names collections that the source does not have. The message has the line.",
  E_UNMAPPED: "Collections would share a target, and for some of them nothing says whose they are.",
  E_NAME:
    "The target takes no collection of this name: its letters, its length, or a name that only differs in case.",
  E_PLAN_CHANGED:
    "The collection has been begun with other flags that decide the result (tenant, layout, ids, dimension, distance). Two ways in one collection would mix, so nothing was written.",
  E_PLAN_FILE:
    "The file of `--plan` cannot be read, was changed by hand into something that contradicts itself, or is about a source alone.",
  E_PLAN_STALE:
    "The plan in the file was made for other ends, or for what was there then and is not there now. Nothing was written.",
  E_JOURNAL_FORMAT: "The journal in the state folder was written by a newer vecferry.",
  E_JOURNAL_DAMAGED:
    "The journal in the state folder cannot be read: it is damaged, cut short, or another program's file.",
  E_LOCKED:
    "Another process is at work on the same migration, folder or archive; the message names it. A lock whose process has ended is taken over without a word.",
  E_DISK_FULL:
    "There is no room left on a disk, or not enough for what was asked. What was acknowledged before is kept.",
  E_DIMENSION: "An embedding has another number of components than the collection.",
  E_MODEL:
    "The collection keeps the name of the model that its embeddings were made with, and another one is named now: answers would make no sense.",
  E_EMBED:
    "The application's embed function threw, or gave something else than one list of finite numbers for each text.",
  E_TENANT:
    "A call names no tenant, one that is no text, or two that differ. Nothing was asked of the store.",
  E_NOT_TENANTED:
    "The collection was not made for tenants, so that nothing in it tells whose a document is; a service that must keep them apart does not open it.",
  E_PERMISSION:
    "The application's guard refused the request: no user is named, or the user does not belong to this tenant.",
  E_DOCUMENT_EXISTS:
    "A document of this id is there already, and the call was to add, not to replace.",
  E_DOCUMENT_NOT_FOUND:
    "There is no document of this id with this tenant, and the call was to change one.",
  E_QUEUE_FULL:
    "One of the two stores of a hybrid is behind, and the queue of what it has still to be told is at its bound.",
  E_REJECTED:
    "The server refuses the request for good (HTTP 4xx): asking again would bring the same answer. Its own words are in the message.",
  E_STORAGE:
    "A file of an embedded folder, a queue or a FAISS folder is damaged, or cannot be read or written.",
  E_NO_ARCHIVE: "There is no archive at the path, or none is named where one is needed.",
  E_ARCHIVE_FORMAT: "The archive was written in a format that this vecferry does not read.",
  E_ARCHIVE_DAMAGED:
    "A file of the archive is missing, or has other bytes than its SHA-256 in the manifest says.",
  E_NO_SNAPSHOT: "There is no snapshot of this name at the server, or no file at the path.",
  E_SNAPSHOT_FORMAT:
    "The snapshot is of a kind or a version that this target does not recover: a cluster's, another engine's, or a newer one's.",
  E_SNAPSHOT_DAMAGED:
    "A snapshot has other bytes than were written, or a snapshot set is not whole. It was not recovered.",
  E_GATE:
    "A comparison found less than its gates ask for (`--gate`, `--min-recall` and the like), or `doctor --fail-on` found something. What was copied stays.",
  E_NOT_GREEN:
    "The data are all there, and the target had not finished indexing when `--wait-green` had waited long enough.",
  E_NO_MIGRATION:
    "A verb without addresses takes the newest migration of the state folder, and there is none; or none between these two ends.",
  E_CLOSED: "The store, the service or the client was closed before this call.",
  E_ABORTED:
    "The run was interrupted (Ctrl-C, SIGTERM, or the caller's signal). What the target has acknowledged is in the journal.",
  E_INTERNAL: "Something happened that vecferry's own code rules out.",
};
