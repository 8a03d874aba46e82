/** Qdrant's points by gRPC: what is written, read and searched. Columns go straight into bytes, and bytes into columns. */
import { setImmediate } from "node:timers/promises";
import { VectorError } from "../../errors.ts";
import type { PlainRecord } from "../../model/plain-record.ts";
import type { CallOptions } from "../../store/port.ts";
import { decodeCountAnswer, encodeCount } from "../../wire/count.ts";
import { decodeGetAnswer, encodeGet } from "../../wire/get.ts";
import { decodePlainAnswer, decodeQueryAnswer, encodeQuery } from "../../wire/query.ts";
import { decodeScrollAnswer, encodeScroll, peekNext } from "../../wire/scroll.ts";
import { decodeScrollDigests } from "../../wire/scroll-digests.ts";
import { decodeUpdateAnswer, encodeUpsert } from "../../wire/upsert.ts";
import type {
  CountColumns,
  PlainPoints,
  PointColumns,
  QdrantApi,
  QueryColumns,
  ReadColumns,
  ScoredPoints,
  ScrollColumns,
  ScrollPage,
  UpsertColumns,
  WrittenColumns,
} from "./api.ts";
import { sliceRows } from "./convert.ts";
import { digestedPage, digestShape } from "./digest-pages.ts";
import type { GrpcClient } from "./grpc-client.ts";

/** Bytes that a message aims at; only a single point may take more. A server has no bound unless it was given one. */
const messageBytesAim = 4 * 1024 * 1024;
/** Half of what an answer may have, so that every point that was written can be read. */
const messageBytesMax = 128 * 1024 * 1024;

/** Memory of frames that is kept for others: it holds a message, and the row that goes beyond it mostly. */
const roomBytes = messageBytesAim + 64 * 1024;
const roomsMax = 4;
/** Fewer rows are written into memory of their size. */
const rowsWithRoom = 32;

/** Points whose payload cannot be said in gRPC, on their way there or back, go by the other road. */
export type OtherRoad = Pick<QdrantApi, "upsert" | "retrieve">;

export class GrpcPoints {
  readonly #client: GrpcClient;
  readonly #rest: OtherRoad;
  readonly #rooms: Buffer[] = [];

  constructor(client: GrpcClient, rest: OtherRoad) {
    this.#client = client;
    this.#rest = rest;
  }

  async upsert(name: string, columns: WrittenColumns, options: UpsertColumns = {}): Promise<void> {
    const rows = columns.points.length;
    let from = 0;
    // Rows next to one another that cannot go this way go the other way together.
    let refusedFrom = 0;
    const passOn = async (end: number): Promise<void> => {
      if (refusedFrom < end)
        await this.#rest.upsert(name, sliceRows(columns, refusedFrom, end), options);
    };
    while (from < rows) {
      const { mode, shard } = options;
      const room = this.#takeRoom(columns);
      const bounds = { from, bytesAim: messageBytesAim, mode, shard, room };
      const part = encodeUpsert(name, columns, bounds);
      // The message outgrew it.
      if (room !== undefined && room.buffer !== part.frame.buffer) this.#keepRoom(room);
      if (part.end > from) {
        await passOn(from);
        assertSize(part.frame, columns.points[from]);
        await this.#write(part.frame, options);
        refusedFrom = part.end;
      } else this.#keepRoom(part.frame);
      from = part.refused === null ? part.end : part.end + 1;
    }
    await passOn(rows);
  }

  async retrieve(
    name: string,
    points: readonly string[],
    options: ReadColumns,
  ): Promise<PointColumns> {
    const { payload, vectors, shard } = options;
    const found = await this.#client.send(
      "Points/Get",
      encodeGet(name, points, { payload, vectors: vectors.length > 0, shard }),
      (message) => decodeGetAnswer(message, vectors),
      options,
    );
    return this.#settled(name, found, options);
  }

  async scroll(name: string, options: ScrollColumns): Promise<ScrollPage> {
    const shape = digestShape(options);
    if (shape === null) {
      const { vectors } = options;
      const decode = (message: Uint8Array) => decodeScrollAnswer(message, vectors);
      return this.#settled(name, await this.#scrolled(name, options, decode), options);
    }
    const decode = (message: Uint8Array) => decodeScrollDigests(message, shape);
    const page = await this.#scrolled(name, options, decode);
    return digestedPage(page, await this.#settled(name, page.oddPoints, options), shape.layout);
  }

  #scrolled<Page>(
    name: string,
    options: ScrollColumns,
    decode: (message: Uint8Array) => Page,
  ): Promise<Page> {
    return this.#client.send(
      "Points/Scroll",
      encodeScroll(name, { ...options, vectors: options.vectors.length > 0 }),
      async (message) => {
        const next = options.onNext === undefined ? undefined : peekNext(message);
        if (next !== undefined) {
          options.onNext?.(next);
          // What is asked for now leaves when the event loop turns.
          await setImmediate();
        }
        return decode(message);
      },
      options,
    );
  }

  count(name: string, options: CountColumns = {}): Promise<number> {
    const frame = encodeCount(name, options.filter);
    return this.#client.send("Points/Count", frame, decodeCountAnswer, options);
  }

  async query(
    name: string,
    options: QueryColumns,
  ): Promise<ScoredPoints | PlainPoints<PlainRecord>> {
    const { vectors = [], plain } = options;
    const found = await this.#client.send(
      "Points/Query",
      encodeQuery(name, { ...options, vectors: vectors.length > 0 }),
      (message) =>
        (plain && decodePlainAnswer(message, vectors, plain)) ??
        decodeQueryAnswer(message, vectors),
      options,
    );
    return "plain" in found ? found : this.#settled(name, found, { ...options, payload: true });
  }

  /** A write that is answered when it is done. */
  async #write(frame: Buffer, options: CallOptions): Promise<void> {
    let again = false;
    const onRetry = (): void => {
      again = true;
    };
    const { status } = await this.#client.send("Points/Upsert", frame, decodeUpdateAnswer, {
      ...options,
      onRetry,
    });
    if (status !== "completed") {
      throw new VectorError(
        "E_TIMEOUT",
        `gRPC ${this.#client.url}: the server answered "${status}" before the write was done.`,
      );
    }
    // Of an attempt that failed, bytes may still be on their way out of this memory.
    if (!again) this.#keepRoom(frame);
  }

  /**
   * The memory of a frame that the server has taken is used for the next one: memory that is new each time is mapped and filled
   * with zeros by the system, and the collector goes through the heap for every 30 MB of it.
   */
  #keepRoom({ buffer }: Buffer): void {
    if (buffer.byteLength === roomBytes && this.#rooms.length < roomsMax)
      this.#rooms.push(Buffer.from(buffer));
  }

  #takeRoom(columns: WrittenColumns): Buffer | undefined {
    if (columns.points.length < rowsWithRoom) return undefined;
    return this.#rooms.pop() ?? Buffer.allocUnsafeSlow(roomBytes);
  }

  /** The rows with the payload that was asked for; where gRPC cannot tell one number from another, as REST has it. */
  async #settled<Columns extends PointColumns>(
    name: string,
    found: Columns & { readonly doubtful: readonly number[] },
    options: CallOptions & { readonly payload: boolean; readonly shard?: string | undefined },
  ): Promise<Columns> {
    if (!options.payload) return { ...found, payloads: found.points.map(() => null) };
    if (found.doubtful.length === 0) return found;
    const points = found.doubtful.map((row) => found.points[row] ?? "");
    const wanted = { ...options, vectors: [] };
    const again = await this.#rest.retrieve(name, points, wanted);
    const texts = new Map(again.points.map((point, row) => [point, again.payloads[row] ?? null]));
    const doubtful = new Set(found.doubtful);
    return {
      ...found,
      payloads: found.payloads.map((text, row) =>
        doubtful.has(row) ? (texts.get(found.points[row] ?? "") ?? text) : text,
      ),
    };
  }
}

/** Only a message of a single point can be so large. @throws E_REJECTED; `details.tooLarge`, and `details.point` names it */
function assertSize({ length: bytes }: Buffer, point: string | undefined): void {
  const bytesMax = messageBytesMax;
  if (bytes <= bytesMax) return;
  throw new VectorError(
    "E_REJECTED",
    `Point ${point} takes ${bytes} bytes, and a message may have ${bytesMax}.`,
    { details: { tooLarge: true, point, bytes, bytesMax } },
  );
}
