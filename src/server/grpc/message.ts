/**
 * A request's one message, out of the bytes of its stream.
 *
 *     0  u8   flag: 0 = as it is, 1 = compressed as the header grpc-encoding says
 *     1  u32  length of the message, big-endian
 *     5  ...  the message
 *
 * Source: grpc.github.io/grpc/core/md_doc__p_r_o_t_o_c_o_l-_h_t_t_p2.html. A stream may have more than one message; a call
 * that takes one passes over the others, as Qdrant's server does.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { abortError } from "../../util/abort.ts";
import { errorCode } from "../../util/error-code.ts";
import { codes, refusal } from "./status.ts";

/** What a caller may send: twice what REST takes, for a float has 4 bytes here and about 10 there. */
const messageBytesMax = 64 * 1024 * 1024;

const prefixBytes = 5;
const unzip = promisify(gunzip);

/** @throws E_INPUT with the call's status where there is no whole message; E_ABORTED */
export async function readMessage(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const encoding = headers["grpc-encoding"] ?? "identity";
  if (encoding !== "gzip" && encoding !== "identity") {
    throw refusal(
      codes.unimplemented,
      `Content is compressed with \`${String(encoding).slice(0, 40)}\` which isn't supported`,
    );
  }
  const bytes = await readAll(stream, signal);
  const { flag, message } = firstFrame(bytes);
  if (flag === 0) return message;
  if (encoding === "gzip") return inflate(message);
  throw refusal(
    codes.internal,
    "protocol error: received message with compressed-flag but no grpc-encoding was specified",
  );
}

/** All bytes of a request, up to one message's bound. */
function readAll(stream: ServerHttp2Stream, signal: AbortSignal): Promise<Buffer> {
  return new Promise((settle, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let announced: number | null = null;
    const leave = (end: () => void): void => {
      stream.off("data", take).off("end", finish).off("close", cut);
      signal.removeEventListener("abort", cut);
      end();
    };
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (announced === null && bytes >= prefixBytes)
        announced = Buffer.concat(chunks).readUInt32BE(1);
      const least = Math.max(announced ?? 0, bytes - prefixBytes);
      if (least > messageBytesMax) leave(() => reject(tooLarge(least)));
    };
    const finish = (): void => leave(() => settle(Buffer.concat(chunks, bytes)));
    const cut = (): void => leave(() => reject(abortError(signal)));
    stream.on("data", take).on("end", finish).on("close", cut);
    signal.addEventListener("abort", cut);
    if (signal.aborted) cut();
  });
}

function tooLarge(bytes: number): Error {
  return refusal(
    codes.outOfRange,
    `Error, decoded message length too large: found ${bytes} bytes, the limit is: ${messageBytesMax} bytes`,
  );
}

function firstFrame(bytes: Buffer): { flag: 0 | 1; message: Uint8Array } {
  if (bytes.length === 0) throw refusal(codes.internal, "Missing request message.");
  const flag = bytes[0];
  if (flag !== 0 && flag !== 1) {
    throw refusal(
      codes.internal,
      `protocol error: received message with invalid compression flag: ${flag} (valid flags are 0 and 1), while sending request`,
    );
  }
  let end = 0;
  let first = 0;
  // Every frame must be whole, those that are passed over too: a cut one means that bytes were lost.
  while (end < bytes.length) {
    const whole = bytes.length - end >= prefixBytes;
    end += whole ? prefixBytes + bytes.readUInt32BE(end + 1) : Number.POSITIVE_INFINITY;
    if (first === 0) first = end;
  }
  if (end > bytes.length) throw refusal(codes.internal, "Unexpected EOF decoding stream.");
  return { flag, message: bytes.subarray(prefixBytes, first) };
}

async function inflate(message: Uint8Array): Promise<Uint8Array> {
  try {
    return await unzip(message, { maxOutputLength: messageBytesMax });
  } catch (cause) {
    if (errorCode(cause) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(messageBytesMax + 1);
    throw refusal(
      codes.internal,
      `Error decompressing: ${cause instanceof Error ? cause.message : String(cause)}, while sending request`,
    );
  }
}
