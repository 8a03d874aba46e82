import { readFileSync } from "node:fs";

/** This package's version, as its package.json says it. */
export const packageVersion: string = readVersion();

function readVersion(): string {
  // The file stands two folders up from here in the sources as well as in what is built from them.
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest === "object" && manifest !== null && "version" in manifest)
    return String(manifest.version);
  throw new TypeError("package.json has no version.");
}
