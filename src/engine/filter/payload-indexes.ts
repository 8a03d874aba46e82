/**
 * All payload indexes of a collection. They live in memory alone, as columns by slot: the file keeps their schemas, and
 * opening fills them from the payloads. Texts are cut into tokens when one is first searched.
 */
import { isObject, parseSigned } from "../../util/json.ts";
import { badInput } from "../errors.ts";
import type { CollectionFile, StoredPoint } from "../storage/collection-file.ts";
import { pause } from "../turns.ts";
import { FieldIndex } from "./field-index.ts";
import {
  type FieldSchema,
  fieldSchemaText,
  isSameSchema,
  paramsText,
  parseFieldSchema,
} from "./field-schema.ts";
import { parsePath, pathText } from "./json-path.ts";
import { PayloadView } from "./payload-view.ts";

export class PayloadIndexes {
  readonly #file: CollectionFile;
  readonly #fields = new Map<string, FieldIndex>();

  /** The indexes that the file names, empty yet: every point is to be given to `set`. */
  constructor(file: CollectionFile) {
    this.#file = file;
    for (const { id, path, schema } of file.fields()) {
      const field = new FieldIndex(id, path, keptSchema(schema));
      field.texts?.postpone(() => {
        // At one go: a search of the same field would find the half of it.
        for (const point of file.points()) fill(field, point);
      });
      this.#fields.set(field.path, field);
    }
  }

  get list(): Iterable<FieldIndex> {
    return this.#fields.values();
  }

  /** The index on a path as `pathText` writes it. */
  find(path: string): FieldIndex | undefined {
    return this.#fields.get(path);
  }

  /**
   * Takes over a point's payload as it is now; that of nothing where the payload or the point is gone. Where `keys` are given,
   * what is below other outermost keys is as it was, and is not looked at.
   */
  set(slot: number, payload: PayloadView, keys?: ReadonlySet<string>): void {
    for (const field of this.#fields.values())
      if (keys === undefined || keys.has(field.outermost)) field.set(slot, payload);
  }

  /** Makes an index and fills it; one that stands there with another schema is made anew. @throws E_INPUT, E_NOT_SUPPORTED */
  create(path: string, schema: FieldSchema): void {
    const known = pathText(parsePath(path));
    const text = fieldSchemaText(schema);
    const old = this.#fields.get(known);
    if (old !== undefined && isSameSchema(old.schema, schema)) return;
    this.drop(known);
    const field = new FieldIndex(this.#file.addField(known, text), known, schema);
    for (const point of this.#file.points()) {
      fill(field, point);
      pause();
    }
    this.#fields.set(field.path, field);
  }

  /** Nothing happens where there is no such index. @throws E_INPUT where `path` is none */
  drop(path: string): void {
    const field = this.#fields.get(pathText(parsePath(path)));
    if (field === undefined) return;
    this.#file.removeField(field.id);
    this.#fields.delete(field.path);
  }

  /** JSON text of `payload_schema`. */
  describe(): string {
    const members = [...this.#fields.values()].map(({ path, type, schema, points }) => {
      const params = schema.params === null ? "" : `"params":${paramsText(schema.params)},`;
      return `${JSON.stringify(path)}:{"data_type":${JSON.stringify(type)},${params}"points":${points}}`;
    });
    return `{${members.join(",")}}`;
  }
}

function fill(field: FieldIndex, { slot, payload }: StoredPoint): void {
  if (payload !== null) field.set(slot, new PayloadView(payload));
}

/** A schema from the file. Formats before 2 kept parameters unchecked: of those that are none, the type counts. */
function keptSchema(text: string): FieldSchema {
  const value = parseSigned(text);
  try {
    return parseFieldSchema(value);
  } catch (error) {
    if (!isObject(value) || !("type" in value)) throw error;
    return parseFieldSchema(value["type"]);
  }
}

/** A field's schema as it is given to the engine: a type's name, or the JSON text of its parameters. @throws E_INPUT, E_NOT_SUPPORTED */
export function givenSchema(schema: unknown): FieldSchema {
  if (typeof schema !== "string" || !/^\s*[[{]/.test(schema)) return parseFieldSchema(schema);
  try {
    return parseFieldSchema(parseSigned(schema));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw badInput("Format error in JSON body: field_schema is not JSON", { cause: error.message });
  }
}
