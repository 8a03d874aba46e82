import { expect, it } from "vitest";

it("runs on the Node that was asked for, and on none that is too old", () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  expect(major * 1000 + minor).toBeGreaterThanOrEqual(22_018);
  const expected = process.env["VECFERRY_EXPECT_NODE"] ?? "";
  if (expected !== "") expect(String(major)).toBe(expected);
});
