import { describe, expect, it } from "vitest";
import { isVectorError } from "../../../src/errors.ts";
import { parseAddress } from "../../../src/store/address.ts";

function failure(text: string): { code: string; message: string; next: string } {
  try {
    parseAddress(text);
  } catch (error) {
    if (isVectorError(error)) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

const chroma = (url: string, tenant: string | null = null, database: string | null = null) => ({
  kind: "chroma",
  url,
  tenant,
  database,
});
const folder = (path: string, tenant: string | null = null, database: string | null = null) => ({
  kind: "chroma-folder",
  path,
  tenant,
  database,
});
const qdrant = (url: string, grpcPort: number | null = null) => ({ kind: "qdrant", url, grpcPort });

describe("parseAddress", () => {
  it.each([
    ["chroma://localhost", chroma("http://localhost:8000")],
    ["chroma://localhost:8001/", chroma("http://localhost:8001")],
    ["CHROMA://Host:8000/t", chroma("http://host:8000", "t")],
    ["chroma://h:80/t/d", chroma("http://h:80", "t", "d")],
    ["chroma://h/a%20b/d%2Fe", chroma("http://h:8000", "a b", "d/e")],
    ["chromas://h:443/t/d", chroma("https://h:443", "t", "d")],
    ["chromas://h", chroma("https://h:8000")],
    ["chroma://[::1]:9000", chroma("http://[::1]:9000")],
    ["chroma-folder:./data", folder("./data")],
    ["chroma-folder:/x y?tenant=t&database=d", folder("/x y", "t", "d")],
    ["./chroma_data", folder("./chroma_data")],
    ["chroma_data?database=d", folder("chroma_data", null, "d")],
    ["C:\\chroma", folder("C:\\chroma")],
    ["http://localhost:6333", qdrant("http://localhost:6333")],
    ["http://localhost", qdrant("http://localhost:6333")],
    ["http://localhost:80/", qdrant("http://localhost:80")],
    ["https://X.cloud.qdrant.io:443", qdrant("https://x.cloud.qdrant.io:443")],
    ["https://h:6333?grpc=6334", qdrant("https://h:6333", 6334)],
    ["http://[2001:db8::1]", qdrant("http://[2001:db8::1]:6333")],
    ["embedded:./q", { kind: "embedded", path: "./q" }],
    [":memory:", { kind: "embedded", path: ":memory:" }],
  ])("reads %s", (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  it.each([
    ["", "names no path"],
    ["chroma-folder:", "names no path"],
    ["embedded:", "names no path"],
    ["chroma://", "names no host"],
    ["chroma:localhost", "names no host"],
    ["http://:6333", "is not well formed"],
    ["http://h:0", "1 to 65535"],
    ["http://h:65536", "1 to 65535"],
    ["chroma://h:70000/t", "1 to 65535"],
    ["http://h:6333?grpc=x", "1 to 65535"],
    ["chroma://h/t/d/more", "more than a tenant and a database"],
    ["chroma://h/%zz", "%"],
    ["http://h:6333/dashboard", "has a path"],
    ["./x?tennant=t", "it takes tenant=, database="],
    ["chroma://h?tenant=t", "it takes none"],
    ["ftp://h", "is none that vecferry knows"],
    ["localhost:8000", "perhaps chroma://localhost:8000 or http://localhost:8000"],
  ])("refuses %j with E_CONFIG and says what is accepted", (text, words) => {
    const { code, message } = failure(text);
    expect(code).toBe("E_CONFIG");
    expect(message).toContain(words);
    expect(message).toContain("chroma://host:8000/tenant/database");
  });

  it.each(["chroma-cloud://t/d", "faiss:./f", "archive:./a"])(
    "says that %s comes later",
    (text) => {
      expect(failure(text).code).toBe("E_NOT_SUPPORTED");
    },
  );

  it.each([
    "http://user:s3cr3tkey@h:6333",
    "https://s3cr3tkey@h",
    "chroma://u:s3cr3tkey@h/t/d",
    "http://h:6333?api_key=s3cr3tkey",
    "ftp://u:s3cr3tkey@h",
  ])("refuses %s without repeating the secret", (text) => {
    const { code, message, next } = failure(text);
    expect(code).toBe("E_CONFIG");
    expect(message + next).not.toContain("s3cr3tkey");
  });
});
