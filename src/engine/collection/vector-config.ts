/** The parameters of a collection's vectors, checked as Qdrant 1.18.2 checks them. */
import type { z } from "zod";
import { isObject } from "../../util/json.ts";
import type { CollectionConfig, JsonObject, SparseVectorParams, VectorParams } from "../api.ts";
import { badInput, checkInput, invalid, notImplemented, untagged } from "../errors.ts";
import { isMap } from "../struct-list.ts";
import { cleanQuantization, given, isSettled, unalias, vectorNameFault } from "./config-parts.ts";
import { sparseSchema, type updateSchema, vectorSchema } from "./config-schema.ts";

type Vectors = CollectionConfig["params"]["vectors"];
type SparseVectors = NonNullable<CollectionConfig["params"]["sparse_vectors"]>;

function assertVectorName(name: string, kind: "dense" | "sparse"): void {
  const fault = vectorNameFault(name);
  if (fault !== null)
    throw badInput(`Wrong input: Invalid ${kind} vector name \`${name}\`: ${fault}`);
}

/** Parameters of dense vectors or multivectors. @throws E_INPUT, E_NOT_SUPPORTED */
export function toVectorParams(value: unknown, path: string): VectorParams {
  const body = isObject(value) ? unalias(value) : value;
  const params = untagged("VectorsConfig", () => {
    const checked = checkInput(vectorSchema, body, path);
    if (checked.size < 1) throw badInput("a size of 0");
    return checked;
  });
  const { hnsw_config, size, distance, quantization_config, on_disk, datatype } = params;
  const hnsw = given(hnsw_config);
  const { multivector_config } = params;
  return {
    size,
    distance,
    ...(Object.keys(hnsw).length > 0 ? { hnsw_config: hnsw } : {}),
    ...given({ quantization_config: cleanQuantization(quantization_config), on_disk }),
    ...(isSettled(datatype) ? { datatype: known(datatype) } : {}),
    ...(isSettled(multivector_config) ? { multivector_config } : {}),
  };
}

function known(datatype: NonNullable<z.output<typeof vectorSchema>["datatype"]>) {
  if (datatype === "turbo4") throw notImplemented("vectors of datatype turbo4");
  return datatype;
}

/** Parameters of sparse vectors. @throws E_INPUT */
export function toSparseParams(value: unknown, path: string): SparseVectorParams {
  const { index, modifier } = checkInput(sparseSchema, value, path);
  const datatype = index?.datatype;
  if (datatype === "turbo4") {
    throw invalid(
      `Validation error in JSON body: [${path}.index.datatype: sparse vectors do not support the \`turbo4\` datatype]`,
    );
  }
  return {
    ...(isSettled(index)
      ? { index: { ...given(index), ...(isSettled(datatype) ? { datatype } : {}) } }
      : {}),
    ...(isSettled(modifier) ? { modifier } : {}),
  };
}

/** Checks each vector's parameters by itself: its shape, and the rules that a server has for it. */
export function vectorChecks(vectors: unknown): (() => unknown)[] {
  if (!isMap(vectors)) return [];
  if ("size" in vectors && "distance" in vectors) return [() => toVectorParams(vectors, "vectors")];
  return Object.values(vectors).map((value) => () => toVectorParams(value, "vectors.?"));
}

/** The same for sparse vectors. */
export function sparseChecks(vectors: unknown): (() => unknown)[] {
  const named = isMap(vectors) ? Object.entries(vectors) : [];
  return named.map(
    ([name, value]) =>
      () =>
        toSparseParams(value, `sparse_vectors.${name}`),
  );
}

export function toVectors(vectors: Record<string, unknown> | unknown[] | undefined): Vectors {
  if (vectors === undefined) return {};
  if (Array.isArray(vectors)) return toVectorParams(vectors, "vectors");
  if ("size" in vectors && "distance" in vectors) return toVectorParams(vectors, "vectors");
  const named: Record<string, VectorParams> = {};
  for (const name of Object.keys(vectors).sort()) {
    assertVectorName(name, "dense");
    named[name] = toVectorParams(vectors[name], `vectors.${name}`);
  }
  return named;
}

/** @throws E_INPUT where a name is a dense vector's already */
export function toSparseVectors(
  sparse: Record<string, unknown> | null | undefined,
  vectors: Vectors,
): { sparse_vectors?: SparseVectors } {
  if (!isSettled(sparse)) return {};
  const dense = vectorParams(vectors);
  const named: Record<string, SparseVectorParams> = {};
  for (const name of Object.keys(sparse).sort()) {
    if (name === "") throw badInput("Wrong input: Sparse vector name cannot be empty");
    assertVectorName(name, "sparse");
    if (dense.has(name)) {
      throw badInput(
        `Wrong input: Dense and sparse vector names must be unique - duplicate found with '${name}'`,
      );
    }
    named[name] = toSparseParams(sparse[name], `sparse_vectors.${name}`);
  }
  return { sparse_vectors: named };
}

type Patch = z.output<typeof updateSchema>;

export function patchVectors(vectors: Vectors, patches: NonNullable<Patch["vectors"]>): Vectors {
  let result = vectors;
  for (const [name, patch] of Object.entries(patches)) {
    const params = vectorParams(result).get(name);
    if (params === undefined) {
      throw badInput(`Wrong input: Not existing vector name error: ${name}`);
    }
    const { quantization_config, hnsw_config, on_disk } = patch;
    const { quantization_config: old, ...rest } = params;
    const quantization =
      quantization_config === "Disabled" ? null : (cleanQuantization(quantization_config) ?? old);
    const changed = toVectorParams(
      {
        ...rest,
        quantization_config: quantization,
        ...given({ on_disk }),
        hnsw_config: { ...(rest["hnsw_config"] as JsonObject | undefined), ...given(hnsw_config) },
      },
      `vectors.${name}`,
    );
    result = isSingle(result) ? changed : { ...result, [name]: changed };
  }
  return result;
}

export function patchSparseVectors(
  vectors: SparseVectors | undefined,
  patches: NonNullable<Patch["sparse_vectors"]>,
): { sparse_vectors?: SparseVectors } {
  const result: Record<string, SparseVectorParams> = { ...vectors };
  for (const [name, patch] of Object.entries(patches)) {
    const params = Object.hasOwn(result, name) ? result[name] : undefined;
    if (params === undefined) {
      throw badInput(`Wrong input: Not existing vector name error: ${name}`);
    }
    const { index, modifier } = toSparseParams(patch, `sparse_vectors.${name}`);
    result[name] = {
      ...params,
      ...(index === undefined ? {} : { index: { ...params.index, ...index } }),
      ...(modifier === undefined ? {} : { modifier }),
    };
  }
  return vectors === undefined ? {} : { sparse_vectors: result };
}

function isSingle(vectors: Vectors): vectors is VectorParams {
  return typeof vectors["size"] === "number";
}

/** Parameters by name; the unnamed vector has the name ''. */
export function vectorParams(vectors: Vectors): Map<string, VectorParams> {
  return isSingle(vectors) ? new Map([["", vectors]]) : new Map(Object.entries(vectors));
}
