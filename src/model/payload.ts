/** Payloads on their way into a store: JSON text, or parts that become bytes of another kind without text in between. */

/** Takes the members of an object, one after the other. A key is given once. */
export interface PayloadSink {
  /** A member that is a text. */
  text(key: string, value: string): void;
  /** A member that is any value, as JSON. */
  json(key: string, value: string): void;
  /** All members of an object, as JSON. */
  members(object: string): void;
  /** Begins a member that is an object: what follows is its own until `close`. */
  open(key: string): void;
  close(): void;
}

/** A payload that is no text yet. */
export interface PayloadParts {
  /** Characters of its JSON, about. */
  readonly length: number;
  /** @throws SyntaxError where a part is no JSON */
  putInto(sink: PayloadSink): void;
}

/** A payload as it is given to a store: JSON text of an object, or its parts. */
export type Payload = string | PayloadParts;

/** The payload as JSON text. @throws SyntaxError where a part is no JSON */
export function payloadText(payload: Payload): string {
  if (typeof payload === "string") return payload;
  const sink = new JsonSink();
  payload.putInto(sink);
  return sink.finish();
}

class JsonSink implements PayloadSink {
  #text = "{";
  #first = true;

  text(key: string, value: string): void {
    this.json(key, JSON.stringify(value));
  }

  json(key: string, value: string): void {
    this.#begin();
    this.#text += `${JSON.stringify(key)}:${value}`;
  }

  members(object: string): void {
    const inner = object.trim().slice(1, -1).trim();
    if (inner === "") return;
    this.#begin();
    this.#text += inner;
  }

  open(key: string): void {
    this.json(key, "{");
    this.#first = true;
  }

  close(): void {
    this.#text += "}";
    this.#first = false;
  }

  finish(): string {
    return `${this.#text}}`;
  }

  #begin(): void {
    if (!this.#first) this.#text += ",";
    this.#first = false;
  }
}
