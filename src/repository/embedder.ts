/** The embed function and the model of one service, held against what the collection was made for. */
import { VectorError } from "../errors.ts";
import { type Embed, embedTexts } from "./embed.ts";
import type { CollectionDescriptor, RepositoryCallOptions, VectorRepository } from "./types.ts";

export interface EmbedderOptions {
  readonly embed: Embed | null;
  readonly model: string | null;
  readonly batchSize: number;
}

export class Embedder {
  readonly #repository: VectorRepository;
  readonly #collection: string;
  readonly #embed: Embed | null;
  readonly #batchSize: number;
  readonly model: string | null;

  constructor(
    repository: VectorRepository,
    collection: string,
    { embed, model, batchSize }: EmbedderOptions,
  ) {
    this.#repository = repository;
    this.#collection = collection;
    this.#embed = embed;
    this.#batchSize = batchSize;
    this.model = model;
  }

  get canEmbed(): boolean {
    return this.#embed !== null;
  }

  /**
   * The collection's vectors are of this service's model, as far as either says. Texts need more: where the collection names
   * a model, so must this service.
   * @throws {VectorError} E_MODEL
   */
  async assertModel(texts: boolean, options: RepositoryCallOptions): Promise<void> {
    if (this.model === null && !texts) return;
    this.#assertFits(await this.#describe(options), texts);
  }

  /** As `assertModel`, before a write; the model is kept with a collection that names none. @throws {VectorError} E_MODEL */
  async claimModel(texts: boolean, options: RepositoryCallOptions): Promise<void> {
    if (this.model === null && !texts) return;
    const collection = await this.#describe(options);
    this.#assertFits(collection, texts);
    if (this.model === null || collection.model !== null) return;
    const { name, vectorSize, distance } = collection;
    await this.#repository.createCollectionOptimized(
      { name, vectorSize, distance, model: this.model },
      options,
    );
    this.#assertFits(await this.#describe(options), texts);
  }

  /** An embedding for each text, as many numbers as the collection takes. @throws {VectorError} E_INPUT without an embed function, E_EMBED, E_DIMENSION, E_ABORTED */
  async embed(texts: readonly string[], options: RepositoryCallOptions): Promise<Float32Array[]> {
    if (this.#embed === null)
      throw new VectorError("E_INPUT", "A text needs an embed function, and none is configured.", {
        next: "Give the embedding, or connect({ embed, model }).",
      });
    const { vectorSize } = await this.#describe(options);
    return await embedTexts(this.#embed, texts, {
      batchSize: this.#batchSize,
      dimension: vectorSize,
      signal: options.signal,
    });
  }

  #describe(options: RepositoryCallOptions): Promise<CollectionDescriptor> {
    return this.#repository.describeCollection(this.#collection, options);
  }

  #assertFits({ name, model }: CollectionDescriptor, texts: boolean): void {
    if (model === null || model === this.model || (this.model === null && !texts)) return;
    const ours = this.model === null ? "of no named model" : `of ${JSON.stringify(this.model)}`;
    throw new VectorError(
      "E_MODEL",
      `Collection ${JSON.stringify(name)} holds embeddings of ${JSON.stringify(model)}, and these are ${ours}.`,
      { details: { collection: name, model, given: this.model } },
    );
  }
}
