import { expect, it } from "vitest";
import { readProjectFile } from "../support/files.ts";

it("runs on the Node that was asked for, and on none that is too old", () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  expect(major * 1000 + minor).toBeGreaterThanOrEqual(22_018);
  const expected = process.env["VECFERRY_EXPECT_NODE"] ?? "";
  if (expected !== "") expect(String(major)).toBe(expected);
});

it("is built of what the oldest Node has: its types, the language of 2024, and `using` lowered to that", () => {
  const { engines, devDependencies } = JSON.parse(readProjectFile("package.json"));
  const oldest = engines.node.replace(">=", "");
  expect(devDependencies["@types/node"].startsWith(`${oldest}.`)).toBe(true);
  const { compilerOptions } = JSON.parse(readProjectFile("tsconfig.json"));
  expect(compilerOptions).toMatchObject({ target: "es2024", lib: ["es2024"], types: ["node"] });
  const { target, lib, types } = JSON.parse(readProjectFile("tsconfig.build.json")).compilerOptions;
  expect([target, lib, types]).toEqual([undefined, undefined, undefined]);
});
