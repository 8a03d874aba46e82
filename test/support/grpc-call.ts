/** gRPC calls byte by byte, for what no client sends. */
import http2, { type IncomingHttpHeaders } from "node:http2";

/** A message in gRPC's frame. */
export function frame(message: Uint8Array = new Uint8Array(), flag = 0): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0]);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

export interface RawCall {
  readonly headers?: Readonly<Record<string, string>>;
  /** What is sent; default one empty message. */
  readonly body?: Uint8Array;
  /** How many bytes of the body a DATA frame has at most. */
  readonly chunkBytes?: number;
  /** Whether the request is ended after its body. */
  readonly end?: boolean;
}

export interface RawAnswer {
  readonly http: number;
  /** grpc-status; null where the stream ended without one. */
  readonly code: number | null;
  /** grpc-message, decoded. */
  readonly message: string;
  readonly body: Buffer;
}

/** One call on a connection of its own. */
export async function rawCall(port: number, path: string, call: RawCall = {}): Promise<RawAnswer> {
  // Node takes no answer on a connection that has more than this waiting to be sent; its default is 10 MB.
  const session = http2.connect(`http://127.0.0.1:${port}`, { maxSessionMemory: 1000 });
  session.on("error", () => {});
  try {
    return await callOn(session, path, call);
  } finally {
    session.close();
  }
}

export function callOn(
  session: http2.ClientHttp2Session,
  path: string,
  { headers = {}, body = frame(), chunkBytes = body.length, end = true }: RawCall = {},
): Promise<RawAnswer> {
  return new Promise((settle, reject) => {
    const own = { "content-type": "application/grpc", te: "trailers" };
    const stream = session.request({ ":method": "POST", ":path": path, ...own, ...headers });
    let head: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (given) => {
      head = given;
    });
    stream.on("trailers", (given) => {
      head = { ...head, ...given };
    });
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => {
      const code = head["grpc-status"];
      settle({
        http: Number(head[":status"]),
        code: code === undefined ? null : Number(code),
        message: decodeURIComponent(String(head["grpc-message"] ?? "")),
        body: Buffer.concat(chunks),
      });
    });
    for (let at = 0; at < body.length; at += chunkBytes) {
      stream.write(body.subarray(at, at + chunkBytes));
    }
    if (end) stream.end();
  });
}
