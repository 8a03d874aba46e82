import { describe, expect, it } from "vitest";
import { groups, severities } from "../../../../src/migrate/doctor/code-entry.ts";
import { findingCodes } from "../../../../src/migrate/doctor/codes.ts";
import { filled } from "../../../../src/migrate/doctor/finding.ts";
import { quoted } from "../../../../src/util/shell-word.ts";
import { sourcesBelow } from "../../../support/files.ts";

describe("the table of findings", () => {
  it("has nothing that no test brings about", () => {
    const tests = [...sourcesBelow("test")].filter(([path]) => /doctor/.test(path));
    const text = tests.map(([, text]) => text).join("\n");
    const untested = Object.keys(findingCodes).filter((code) => !text.includes(code));
    expect(untested).toEqual([]);
  });

  it("says of each what it means and what to type", () => {
    for (const [code, entry] of Object.entries(findingCodes)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(Object.keys(groups)).toContain(entry.group);
      expect(severities).toContain(entry.severity);
      expect(entry.means).toMatch(/^([A-Z]|vecferry ).*\.$/);
      if (code !== "version") expect(entry.remedy).not.toBe("");
    }
  });
});

describe("a remedy", () => {
  it("is filled in, what is not known in capitals, JSON left alone", () => {
    const remedy = `curl {url} -d '{"a":{"b":{wanted}}}' {file}`;
    expect(filled(remedy, { url: "http://h", wanted: "7" })).toBe(
      `curl http://h -d '{"a":{"b":7}}' FILE`,
    );
  });

  it("leaves out what it gives another value", () => {
    const remedy = "vecferry migrate {ends} --layout vecferry";
    const ends = "a b --layout flat --index 'x y' --default-tenant='a b' --layout=langchain";
    expect(filled(remedy, { ends })).toBe(
      "vecferry migrate a b --index 'x y' --default-tenant='a b' --layout vecferry",
    );
  });

  it("has its words as a shell takes them", () => {
    expect(["./a-b", "it's", "a b"].map(quoted)).toEqual(["./a-b", "'it'\\''s'", "'a b'"]);
  });
});
