import { describe, expect, it } from "vitest";
import { isVectorError } from "../../../src/errors.ts";
import { chromaCloudText, parseAddress } from "../../../src/store/address.ts";

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
const us = "https://api.trychroma.com:443";
const eu = "https://europe-west1.gcp.trychroma.com:443";
const cloud = (url: string, tenant: string | null = null, database: string | null = null) => ({
  kind: "chroma-cloud",
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
const qdrant = (url: string, grpcPort: number | "off" | null = null) => ({
  kind: "qdrant",
  url,
  grpcPort,
});

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
    ["chroma-cloud://Ten-Ant/data base", cloud(us, "Ten-Ant", "data base")],
    ["chroma-cloud://t/d%2Fe?region=us", cloud(us, "t", "d/e")],
    ["Chroma-Cloud://t/d?region=eu", cloud(eu, "t", "d")],
    ["chroma-cloud://", cloud(us)],
    ["chroma-cloud://?region=eu", cloud(eu)],
    ["chroma-cloud://t/", cloud(us, "t")],
    ["chroma-cloud:///d", cloud(us, null, "d")],
    ["chroma-cloud://t/d?host=Cloud.example", cloud("https://cloud.example:443", "t", "d")],
    ["chroma-cloud://t?host=h:8443", cloud("https://h:8443", "t")],
    ["chroma-cloud://t/d?host=https://h", cloud("https://h:443", "t", "d")],
    ["chroma-cloud://t/d?host=http://127.0.0.1:81", cloud("http://127.0.0.1:81", "t", "d")],
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
    ["http://h?grpc=off", qdrant("http://h:6333", "off")],
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
    ["http://h:6333?grpc=x", "a gRPC port that is not 1 to 65535"],
    ["chroma://h/t/d/more", "more than a tenant and a database"],
    ["chroma://h/%zz", "%"],
    ["http://h:6333/dashboard", "has a path"],
    ["./x?tennant=t", "it takes tenant=, database="],
    ["chroma://h?tenant=t", "it takes none"],
    ["chroma-cloud:t/d", "is not well formed"],
    ["chroma-cloud://t/d/more", "more than a tenant and a database"],
    ["chroma-cloud://t/d?region=mars", "neither us nor eu"],
    ["chroma-cloud://t/d?region=eu&host=h", "both a region and a host"],
    ["chroma-cloud://t/d?host=", "names no host"],
    ["chroma-cloud://t/d?host=h/path", "has a path"],
    ["chroma-cloud://t/d?regoin=eu", "it takes region=, host="],
    ["ftp://h", "is none that vecferry knows"],
    ["localhost:8000", "perhaps chroma://localhost:8000 or http://localhost:8000"],
  ])("refuses %j with E_CONFIG and says what is accepted", (text, words) => {
    const { code, message } = failure(text);
    expect(code).toBe("E_CONFIG");
    expect(message).toContain(words);
    expect(message).toContain("chroma://host:8000/tenant/database");
  });

  it.each([
    ["chromas://api.trychroma.com/t/d", "chroma-cloud://t/d "],
    ["chroma://API.trychroma.com:443/t", "chroma-cloud://t "],
    ["chromas://europe-west1.gcp.trychroma.com:443/t/d", "chroma-cloud://t/d?region=eu "],
    ["chromas://x.trychroma.com", "chroma-cloud://?host=https://x.trychroma.com:443 "],
  ])("refuses %s and gives the address that Chroma Cloud has: %s", (text, address) => {
    const { code, next } = failure(text);
    expect(code).toBe("E_CONFIG");
    expect(next).toContain(`Give ${address}`);
    expect(parseAddress(address.trim())).toMatchObject({ kind: "chroma-cloud" });
  });

  it.each([
    ["US", us, "chroma-cloud://T/a%20b"],
    ["EU", eu, "chroma-cloud://T/a%20b?region=eu"],
    ["another", "http://127.0.0.1:81", "chroma-cloud://T/a%20b?host=http://127.0.0.1:81"],
  ])("reads what it writes: %s", (_where, url, text) => {
    const address = { url, tenant: "T", database: "a b" };
    expect(chromaCloudText(address)).toBe(text);
    expect(parseAddress(text)).toEqual({ kind: "chroma-cloud", ...address });
  });

  it("reads an archive's path", () => {
    expect(parseAddress("archive:./a b")).toEqual({ kind: "archive", path: "./a b" });
    expect(parseAddress("archive:./a?generation=2")).toEqual({
      kind: "archive",
      path: "./a",
      generation: 2,
    });
    for (const no of ["archive:./a b?c", "archive:./a?generation=0", "archive:./a?generation=x"])
      expect(failure(no).code).toBe("E_CONFIG");
    expect(failure("archive:").code).toBe("E_CONFIG");
  });

  it.each([
    "http://user:s3cr3tkey@h:6333",
    "https://s3cr3tkey@h",
    "chroma://u:s3cr3tkey@h/t/d",
    "chroma-cloud://s3cr3tkey@t/d",
    "chroma-cloud://t/d?host=s3cr3tkey@h",
    "chroma-cloud://t/d?key=s3cr3tkey",
    "http://h:6333?api_key=s3cr3tkey",
    "ftp://u:s3cr3tkey@h",
  ])("refuses %s without repeating the secret", (text) => {
    const { code, message, next } = failure(text);
    expect(code).toBe("E_CONFIG");
    expect(message + next).not.toContain("s3cr3tkey");
  });
});
