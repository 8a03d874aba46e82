/** The HTTP/2 connections of a gRPC channel: opened when they are needed, and anew when one is lost. */
import http2 from "node:http2";

/** Bytes that may be on their way to us: on a stream, and on a connection. Node's own 64 KiB make every page wait for its acknowledgement. */
const streamWindowBytes = 8 * 1024 * 1024;
const connectionWindowBytes = 32 * 1024 * 1024;
/** Bytes of a frame that we take at most; fewer and larger frames cost less. */
const frameBytesMax = 1024 * 1024;
/** MB that Node lets a connection hold before it refuses further streams; what is in flight is bounded by the callers. */
const sessionMemoryMb = 1024;

/** One connection. */
export interface GrpcSession {
  readonly session: http2.ClientHttp2Session;
  /** Whether the other side has shown that it speaks HTTP/2. */
  greeted: boolean;
  /** What ended the connection; null while it lives, or where it was closed without a word. */
  fault: Error | null;
  /** Calls in flight. */
  calls: number;
  /** Takes no further calls, and ends with its last one: the other side asked for that, or has fallen silent. */
  leaving: boolean;
}

export interface SessionOptions {
  /** Connections at most. */
  readonly sessionsMax: number;
  /** How long the other side may take until it shows that it speaks HTTP/2. */
  readonly connectTimeoutMs: number;
  /** PEM text of the authority to trust instead of the public ones. */
  readonly ca: string | undefined;
}

export class GrpcSessions {
  readonly #url: string;
  readonly #options: SessionOptions;
  /** Those that are leaving too. */
  readonly #open = new Set<GrpcSession>();

  /** `url`: `http(s)://host:port`. */
  constructor(url: string, options: SessionOptions) {
    this.#url = url;
    this.#options = options;
  }

  /**
   * The connection with the fewest calls, a further one while there are fewer than allowed and all are busy.
   * One without calls keeps no process from its end.
   */
  take(): GrpcSession {
    const entry = this.#choose();
    entry.session.ref();
    return entry;
  }

  #choose(): GrpcSession {
    const usable = [...this.#open]
      .filter(({ session, leaving }) => !leaving && !session.closed && !session.destroyed)
      .sort((one, other) => one.calls - other.calls);
    const [idlest] = usable;
    if (idlest === undefined) return this.#connect();
    // A second connection is made only once the first has shown that there is somebody.
    const more = idlest.calls > 0 && idlest.greeted && usable.length < this.#options.sessionsMax;
    return more ? this.#connect() : idlest;
  }

  /** A call on this connection has ended. */
  release(entry: GrpcSession): void {
    entry.calls -= 1;
    if (entry.calls > 0) return;
    if (entry.leaving) entry.session.destroy();
    else entry.session.unref();
  }

  /** Ends all connections, and with them the calls in flight. */
  close(): void {
    for (const { session } of this.#open) session.destroy();
    this.#open.clear();
  }

  #connect(): GrpcSession {
    const { connectTimeoutMs, ca } = this.#options;
    const session = http2.connect(this.#url, {
      settings: {
        enablePush: false,
        initialWindowSize: streamWindowBytes,
        maxFrameSize: frameBytesMax,
      },
      maxSessionMemory: sessionMemoryMb,
      ...(ca === undefined ? {} : { ca }),
    });
    const entry: GrpcSession = { session, greeted: false, fault: null, calls: 0, leaving: false };
    this.#open.add(entry);
    const timer = setTimeout(() => session.destroy(new ConnectTimeout()), connectTimeoutMs);
    session.once("connect", (_session, socket) => {
      if ("setNoDelay" in socket) socket.setNoDelay(true);
      session.setLocalWindowSize(connectionWindowBytes);
    });
    session.once("remoteSettings", () => {
      entry.greeted = true;
      clearTimeout(timer);
    });
    session.once("goaway", () => {
      entry.leaving = true;
    });
    session.on("error", (error) => {
      entry.fault ??= error;
    });
    session.once("close", () => {
      clearTimeout(timer);
      this.#open.delete(entry);
    });
    return entry;
  }
}

/** Nobody showed to speak HTTP/2 in time. */
class ConnectTimeout extends Error {
  readonly code = "ETIMEDOUT";

  constructor() {
    super("No HTTP/2 connection was made in time.");
  }
}
