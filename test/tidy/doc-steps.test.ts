/** What the tests of the pages leave to others, or do before a line, is about lines and blocks that are there. */
import { describe, expect, it } from "vitest";
import { elsewhere, ranElsewhere, reasons, settings } from "../support/doc-settings.ts";
import { stepsOf, userPages } from "../support/doc-steps.ts";
import { readProjectFile } from "../support/files.ts";

const pages = new Map(userPages().map((page) => [page, stepsOf(readProjectFile(page))]));
const all = [...pages.values()].flat();
const typed = new Set(all.flatMap((step) => (step.kind === "typed" ? [step.text] : [])));

describe("pages", () => {
  it("have what is typed in indented blocks, and all else between fences that name its language", () => {
    const shell =
      /^((npx )?vecferry|npm|curl|sudo|kubectl|docker|bash|for|read|export)\b|^(export )?[A-Z_]+=/;
    expect([...typed].filter((text) => !shell.test(text))).toEqual([]);
    const languages = all.flatMap((step) => (step.kind === "code" ? [step.language] : []));
    expect(new Set(languages)).toEqual(new Set(["js", "json", "python", "text", "ts", "yaml"]));
    expect(typed.size).toBeGreaterThan(120);
    expect(languages.length).toBeGreaterThan(40);
  });

  it("are read in order: fences, loops, comments, and commands within sentences", () => {
    const page = [
      "# A page\n\nSay `npx vecferry plan ./a`, or `vecferry plan` (`vecferry plan SOURCE`).\n",
      "    # A comment.\n    vecferry status   # and another\n\n    for n in 1 2; do\n      true\n    done\n",
      "## Code\n\n```js\nconsole.log(1);\n// 1\n```\n",
    ];
    expect(stepsOf(page.join("\n"))).toEqual([
      { kind: "typed", text: "npx vecferry plan ./a" },
      { kind: "typed", text: "vecferry status" },
      { kind: "typed", text: "for n in 1 2; do\n  true\ndone" },
      {
        kind: "code",
        language: "js",
        section: "Code",
        code: "console.log(1);\n// 1\n",
        prints: "1\n",
      },
    ]);
  });
});

describe("lines that are not typed by the test of their page", () => {
  it("are these few, and each is on a page", () => {
    expect(Object.keys(elsewhere)).toHaveLength(21);
    expect(Object.keys(elsewhere).filter((line) => !typed.has(line))).toEqual([]);
  });

  it("have reasons, and no reason is left over", () => {
    expect(new Set(Object.values(elsewhere))).toEqual(new Set(Object.keys(reasons)));
  });

  it("name benches that there are", () => {
    const main = readProjectFile("bench/main.ts");
    const named = [...typed].flatMap((text) => /npm run bench -- (\w+)/.exec(text)?.[1] ?? []);
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((name) => !new RegExp(`^  ${name}: \\{`, "m").test(main))).toEqual([]);
  });
});

describe("blocks that another test runs", () => {
  it.each(Object.entries(ranElsewhere))("%s: there are some, and %s names the page", (at, test) => {
    const [page = "", language] = at.split(" ");
    const steps = pages.get(page) ?? [];
    expect(steps.some((step) => step.kind === "code" && step.language === language)).toBe(true);
    expect(readProjectFile(test)).toContain(page);
  });
});

describe("what is done before a line", () => {
  it.each(Object.entries(settings))("is about lines of %s", (page, { first, anew, ends, code }) => {
    const steps = pages.get(page) ?? [];
    const lines = new Set(
      steps.flatMap((step, at) => {
        if (step.kind === "typed") return [step.text];
        const earlier = steps.slice(0, at + 1).filter((one) => one.kind === "code");
        const same = earlier.filter(({ language }) => language === step.language);
        return [`${step.language} ${same.length}`];
      }),
    );
    const named = [...Object.keys(first ?? {}), ...(anew ?? []), ...Object.keys(ends ?? {})];
    expect(named.filter((line) => !lines.has(line))).toEqual([]);
    if (code === undefined) return;
    const programs = steps.filter((s) => s.kind === "code" && /^[jt]s$/.test(s.language));
    expect(code).toHaveLength(programs.length);
  });
});
