import { describe, expect, it } from "vitest";
import { parseInstant } from "../../../../src/engine/filter/instant.ts";

const at = (text: string): number => Date.parse(text) * 1000;

describe("parseInstant", () => {
  it.each([
    ["2024-02-29T12:00:00Z", at("2024-02-29T12:00:00Z")],
    ["2024-02-29T12:00:00.1234567Z", at("2024-02-29T12:00:00Z") + 123456],
    ["2024-02-29 12:00:00+0230", at("2024-02-29T09:30:00Z")],
    ["2024-02-29T12:00:00-05", at("2024-02-29T17:00:00Z")],
    ["2024-02-29 12:00", at("2024-02-29T12:00:00Z")],
    [" +2024-2-9  12:00", at("2024-02-09T12:00:00Z")],
    ["2024-2-9", at("2024-02-09T00:00:00Z")],
    ["1969-12-31T23:59:59.5Z", -500_000],
    ["0001-01-01T00:00:00Z", at("0001-01-01T00:00:00Z")],
  ])("reads %s", (text, microseconds) => {
    expect(parseInstant(text)).toBe(microseconds);
  });

  it.each([
    "",
    "x",
    "2024-02-30",
    "2024-13-01",
    "2024-01-01T24:00:00Z",
    "2024-01-01T10:00Z",
    "2024-01-01 ",
    "2024-01-01T10:00:00+24:00",
    "12:00",
  ])("finds no date in '%s'", (text) => {
    expect(parseInstant(text)).toBeNull();
  });
});
