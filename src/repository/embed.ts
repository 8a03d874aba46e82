/** Texts made into embeddings by a function of the application's, whose answers are checked. */
import { VectorError } from "../errors.ts";
import { orAborted, throwIfAborted } from "../util/abort.ts";

/** Gives one embedding for each text, in their order. */
export type Embed = (
  texts: string[],
  options: { readonly signal?: AbortSignal },
) => Promise<readonly (readonly number[] | Float32Array)[]>;

/** Texts that an `Embed` is given at once, where nothing else is said: what OpenAI, Cohere (96) and Ollama take without a second thought. */
export const embedBatchSizeDefault = 96;

export interface EmbedOptions {
  /** Texts a call at most. */
  readonly batchSize: number;
  /** Numbers that each embedding must have; null = as many as the first. */
  readonly dimension: number | null;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The embeddings of all texts, asked for in batches, one after another.
 * @throws {VectorError} E_EMBED where `embed` fails, answers another number of embeddings, or numbers that are not finite;
 * E_DIMENSION; E_ABORTED, even where `embed` does not heed the signal
 */
export async function embedTexts(
  embed: Embed,
  texts: readonly string[],
  options: EmbedOptions,
): Promise<Float32Array[]> {
  const embeddings: Float32Array[] = [];
  let { dimension } = options;
  for (let at = 0; at < texts.length; at += options.batchSize) {
    const batch = texts.slice(at, at + options.batchSize);
    const answer = await askEmbed(embed, batch, options.signal);
    for (const [row, one] of assertAnswers(answer, batch.length).entries()) {
      const embedding = toEmbedding(one, at + row);
      dimension ??= embedding.length;
      if (embedding.length !== dimension) throw wrongDimension(at + row, embedding, dimension);
      embeddings.push(embedding);
    }
  }
  return embeddings;
}

async function askEmbed(
  embed: Embed,
  texts: string[],
  signal: AbortSignal | undefined,
): Promise<unknown> {
  throwIfAborted(signal);
  try {
    return await orAborted(embed(texts, signal === undefined ? {} : { signal }), signal);
  } catch (cause) {
    throwIfAborted(signal);
    if (cause instanceof VectorError) throw cause;
    throw new VectorError("E_EMBED", "The embed function failed.", { cause });
  }
}

function assertAnswers(answer: unknown, count: number): readonly unknown[] {
  if (Array.isArray(answer) && answer.length === count) return answer;
  const what = Array.isArray(answer) ? `${answer.length} embeddings` : "no list of embeddings";
  throw new VectorError("E_EMBED", `The embed function answered ${what} for ${count} texts.`);
}

function toEmbedding(value: unknown, row: number): Float32Array {
  const floats =
    value instanceof Float32Array
      ? value
      : Array.isArray(value) && value.every((one) => typeof one === "number")
        ? Float32Array.from(value)
        : null;
  if (floats !== null && floats.length > 0 && floats.every(Number.isFinite)) return floats;
  throw new VectorError(
    "E_EMBED",
    `The embed function's answer for text ${row + 1} is no list of finite numbers.`,
    { details: { row } },
  );
}

function wrongDimension(row: number, embedding: Float32Array, dimension: number): VectorError {
  return new VectorError(
    "E_DIMENSION",
    `The embed function's answer for text ${row + 1} has ${embedding.length} numbers; the collection has ${dimension}.`,
    { details: { row, dimension, given: embedding.length } },
  );
}
