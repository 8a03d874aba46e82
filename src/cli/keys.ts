/** Keys: where they come from, and that they go nowhere else. */
import { readFileSync } from "node:fs";
import { VectorError } from "../errors.ts";
import { errorCode } from "../util/error-code.ts";
import { type Origin, originRank } from "./setting.ts";

export interface KeyChoice {
  readonly value: string | undefined;
  readonly file: string | undefined;
  readonly valueOrigin: Origin | undefined;
  readonly fileOrigin: Origin | undefined;
  /** What messages call the two: `--qdrant-api-key`, `--qdrant-api-key-file`. */
  readonly valueName: string;
  readonly fileName: string;
}

/** A key shorter than this is not looked for in what is printed: it would strike ordinary words. */
const redactedLengthMin = 6;

/** The keys of a run. Strikes them out of whatever is printed, should a server have sent one back. */
export class Keys {
  readonly #secrets = new Set<string>();
  readonly #warn: (text: string) => void;

  /** `warn` is told once of each key that was given as a flag. */
  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /**
   * The key, from its flag or its file; a flag goes before the environment, that before `.env`.
   * @throws E_CONFIG both at once, an unreadable or empty file, a key that no header can bear
   */
  read(choice: KeyChoice): string | undefined {
    const { value, file } = choice;
    const valueRank = originRank(choice.valueOrigin);
    const fileRank = originRank(choice.fileOrigin);
    if (value !== undefined && file !== undefined && valueRank === fileRank) {
      const { valueName, fileName } = choice;
      throw new VectorError("E_CONFIG", `Both ${valueName} and ${fileName} are given.`, {
        next: `Keep ${fileName}, which the process list does not show.`,
      });
    }
    const key = valueRank <= fileRank ? value : readKeyFile(file, choice.fileName);
    if (key === undefined) return undefined;
    if (!/^[\x20-\x7e]+$/.test(key)) {
      const name = valueRank <= fileRank ? choice.valueName : choice.fileName;
      throw new VectorError("E_CONFIG", `What ${name} gives holds a character that no key has.`);
    }
    if (choice.valueOrigin === "flag") {
      this.#warn(
        `The process list shows what ${choice.valueName} gives; ${choice.fileName} does not.`,
      );
    }
    this.add(key);
    return key;
  }

  /** Notes a further secret. */
  add(secret: string): void {
    if (secret.length >= redactedLengthMin) this.#secrets.add(secret);
  }

  /** `text` with every known key struck out. */
  redact(text: string): string {
    let clean = text;
    for (const secret of this.#secrets) {
      clean = clean.replaceAll(secret, "***");
      const escaped = JSON.stringify(secret).slice(1, -1);
      if (escaped !== secret) clean = clean.replaceAll(escaped, "***");
    }
    return clean;
  }
}

function readKeyFile(path: string | undefined, name: string): string | undefined {
  if (path === undefined) return undefined;
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    const code = errorCode(error) ?? "?";
    throw new VectorError("E_CONFIG", `The file of ${name}, ${path}, cannot be read (${code}).`, {
      cause: error,
    });
  }
  const key = content.trim();
  if (key === "") throw new VectorError("E_CONFIG", `The file of ${name}, ${path}, is empty.`);
  return key;
}
