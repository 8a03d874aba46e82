/** Tenants, databases, collections and their segments, as chroma.sqlite3 lists them. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { type Row, wholeText } from "../../util/statements.ts";
import { type ChromaDatabase, databaseFile } from "./database.ts";
import { findDistance } from "./distance.ts";
import { collectionMetadata } from "./metadata.ts";
import { integerOf, textOf, textOrNull } from "./values.ts";

/** A collection's two segments: the records are in one, the vectors in the other. */
export interface Segments {
  readonly metadata: string;
  /** Also the name of the folder with the vector files. */
  readonly vector: string;
}

export interface Scope {
  readonly tenant: string | null;
  readonly database: string | null;
}

/** Names in a message at most. */
const namesMax = 20;

/** @throws E_TENANT_NOT_FOUND, which names what exists */
export function checkScope(database: ChromaDatabase, scope: Scope, folder: string): void {
  const names = database.query
    .all("select tenant_id, name from databases order by tenant_id, name")
    .map(([tenant, name]) => [
      textOf(tenant, "databases.tenant_id"),
      textOf(name, "databases.name"),
    ]);
  const fits = names.some(
    ([tenant, name]) =>
      (scope.tenant === null || tenant === scope.tenant) &&
      (scope.database === null || name === scope.database),
  );
  if (fits || (scope.tenant === null && scope.database === null)) return;
  const known = names.slice(0, namesMax).map(([tenant, name]) => `${tenant}/${name}`);
  const more = names.length > namesMax ? ` and ${names.length - namesMax} more` : "";
  throw new VectorError(
    "E_TENANT_NOT_FOUND",
    `${folder} has no database ${scope.tenant ?? "*"}/${scope.database ?? "*"}; it has ${known.join(", ") || "none"}${more}.`,
    { details: { tenant: scope.tenant, database: scope.database, databases: known } },
  );
}

/** Every collection of the scope, by tenant, database, name. */
export function listCollections(database: ChromaDatabase, scope: Scope): CollectionInfo[] {
  const optional = (column: string) =>
    database.hasColumn("collections", column) ? `c.${column}` : "null";
  const rows = database.query.all(
    `select c.id, c.name, d.tenant_id, d.name, c.dimension,
       ${optional("config_json_str")}, ${optional("schema_str")}
     from collections c join databases d on d.id = c.database_id
     where (? is null or d.tenant_id = ?) and (? is null or d.name = ?)
     order by d.tenant_id, d.name, c.name`,
    scope.tenant,
    scope.tenant,
    scope.database,
    scope.database,
  );
  return rows.map((row) => describe(database, row));
}

function describe(database: ChromaDatabase, row: Row): CollectionInfo {
  const key = textOf(row[0], "collections.id");
  const configuration = textOrNull(row[5], "collections.config_json_str");
  const schema = textOrNull(row[6], "collections.schema_str");
  return {
    key,
    name: textOf(row[1], "collections.name"),
    tenant: textOf(row[2], "databases.tenant_id"),
    database: textOf(row[3], "databases.name"),
    dimension: row[4] === null ? null : integerOf(row[4], "collections.dimension"),
    ...findDistance({
      schema,
      configuration,
      segmentSpace: spaceOf(
        database.query.first(
          `select str_value from segment_metadata where key = 'hnsw:space' and segment_id in
             (select id from segments where collection = ? and scope = 'VECTOR')`,
          key,
        ),
      ),
      metadataSpace: spaceOf(
        database.query.first(
          "select str_value from collection_metadata where key = 'hnsw:space' and collection_id = ?",
          key,
        ),
      ),
    }),
    count: null,
    metadata: readMetadata(database, key),
    configuration,
    schema,
    status: null,
    note: null,
  };
}

function spaceOf(row: Row | undefined): string | null {
  return textOrNull(row?.[0], "hnsw:space");
}

/** 0.4 has no column for booleans here: true is 1. */
function readMetadata(database: ChromaDatabase, key: string): string | null {
  const bool = database.hasColumn("collection_metadata", "bool_value") ? "bool_value" : "null";
  return collectionMetadata(
    database.query.all(
      `select ${wholeText("key")}, ${wholeText("str_value")}, int_value, float_value, ${bool} from collection_metadata
       where collection_id = ? order by key`,
      key,
    ),
  );
}

/** @throws E_COLLECTION_NOT_FOUND where the collection is gone, E_FOLDER_TORN where a segment is */
export function findSegments(database: ChromaDatabase, collection: CollectionInfo): Segments {
  const exists = database.query.first("select 1 from collections where id = ?", collection.key);
  if (exists === undefined) {
    throw new VectorError(
      "E_COLLECTION_NOT_FOUND",
      `The folder has no collection ${JSON.stringify(collection.name)} (${collection.key}) any more.`,
    );
  }
  const segments = new Map(
    database.query
      .all("select scope, id from segments where collection = ?", collection.key)
      .map(([scope, id]) => [scope, textOf(id, "segments.id")]),
  );
  const metadata = segments.get("METADATA");
  const vector = segments.get("VECTOR");
  if (metadata !== undefined && vector !== undefined) return { metadata, vector };
  throw new VectorError(
    "E_FOLDER_TORN",
    `${databaseFile} names no segments for the collection ${JSON.stringify(collection.name)}.`,
    { details: { file: databaseFile, collection: collection.name } },
  );
}
