import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { pageOf, withFigures } from "../../bench/page.ts";
import { pages } from "../../scripts/pages.ts";
import { errorCodes } from "../../src/errors.ts";
import { projectFiles, readProjectFile, sourcesBelow } from "../support/files.ts";

describe("error codes", () => {
  it("are all used somewhere in src", () => {
    const code = [...sourcesBelow("src")]
      .filter(([path]) => path !== "src/errors.ts")
      .map(([, text]) => text)
      .join("\n");
    expect(Object.keys(errorCodes).filter((name) => !code.includes(`"${name}"`))).toEqual([]);
  });

  it("that pages name are in the table", () => {
    const named = projectFiles()
      .filter((path) => path.endsWith(".md"))
      .flatMap((path) => readProjectFile(path).match(/\bE_[A-Z]+(?:_[A-Z]+)*\b/g) ?? []);
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((name) => !Object.hasOwn(errorCodes, name))).toEqual([]);
  });
});

describe("pages made from the code (`npm run docs` writes them)", () => {
  it.each(Object.entries(pages))("%s is as the code has it", (path, page) => {
    expect(readProjectFile(path).replaceAll("\r\n", "\n")).toBe(page());
  });
});

describe("figures (`npm run bench -- NAME --write` writes them)", () => {
  const names = [...readProjectFile("bench/main.ts").matchAll(/^ {2}(\w+): \{\n {4}says:/gm)];

  it("of each bench stand in one page, between its marks", () => {
    expect(names.length).toBeGreaterThan(10);
    for (const [, name = ""] of names) expect(pageOf(name)).toMatch(/\.md$/);
  });

  it("take the place of those before, and of nothing else", () => {
    const text = "Before.\n\n<!-- figures of copy -->\n\nold\n\n<!-- end of copy -->\n\nAfter.\n";
    expect(withFigures(text, "copy", "new")).toBe(text.replace("old", "new"));
    expect(() => withFigures(text, "delta", "new")).toThrow("figures of delta");
  });
});

interface Link {
  readonly path: string;
  readonly to: string;
  /** The heading behind `#`; null = the whole page. */
  readonly heading: string | null;
}

/** The links of a page to places in the project, outside of its blocks of code. */
function linksOf(path: string, markdown: string): Link[] {
  const words = markdown.replaceAll(/^```[\s\S]*?^```/gm, "");
  return [...words.matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)].map(([, to = "", heading]) => ({
    path,
    to: to === "" ? path : posix.join(posix.dirname(path), to),
    heading: heading ?? null,
  }));
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(markdown: string): Set<string> {
  const words = markdown.replaceAll(/^```[\s\S]*?^```/gm, "");
  const seen = new Map<string, number>();
  return new Set(
    [...words.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = ""]) => {
      const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
      const anchor = plain
        .replaceAll(/[^\p{L}\p{N}\p{M}\-_ ]/gu, "")
        .trim()
        .replaceAll(" ", "-");
      const before = seen.get(anchor) ?? 0;
      seen.set(anchor, before + 1);
      return before === 0 ? anchor : `${anchor}-${before}`;
    }),
  );
}

describe("links between pages", () => {
  const files = new Set(projectFiles());
  const folders = new Set([...files].map((path) => posix.dirname(path)));
  const pagesHere = [...files].filter((path) => path.endsWith(".md"));
  const links = pagesHere.flatMap((path) => linksOf(path, readProjectFile(path)));

  it("lead to files that are there", () => {
    expect(links).toContainEqual({ path: "README.md", to: "docs/benchmarks.md", heading: null });
    expect(links.filter(({ to }) => !files.has(to) && !folders.has(to))).toEqual([]);
  });

  it("lead to headings that are there", () => {
    const anchors = new Map(pagesHere.map((path) => [path, anchorsOf(readProjectFile(path))]));
    const named = links.filter(({ heading }) => heading !== null);
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter(({ to, heading }) => !anchors.get(to)?.has(heading ?? ""))).toEqual([]);
  });

  it("would be seen to lead nowhere", () => {
    const anchors = anchorsOf("# A *page*\n## `x`, and 1.5\n## Twice\n## Twice\n");
    expect([...anchors]).toEqual(["a-page", "x-and-15", "twice", "twice-1"]);
    expect(linksOf("docs/a.md", "[x](../b.md#here) [y](#there)\n```js\nf[0](c.md)\n```\n")).toEqual(
      [
        { path: "docs/a.md", to: "b.md", heading: "here" },
        { path: "docs/a.md", to: "docs/a.md", heading: "there" },
      ],
    );
  });

  it("lead to every page of docs", () => {
    const reached = new Set<string>();
    const wanted = ["README.md"];
    for (let page = wanted.pop(); page !== undefined; page = wanted.pop()) {
      if (reached.has(page)) continue;
      reached.add(page);
      wanted.push(...links.filter(({ path }) => path === page).map(({ to }) => to));
    }
    expect(pagesHere.filter((path) => /^docs\/[^/]*$/.test(path) && !reached.has(path))).toEqual(
      [],
    );
  });
});

describe("the version", () => {
  it("is the same in package.json and at the top of CHANGELOG.md", () => {
    const { version }: { version: string } = JSON.parse(readProjectFile("package.json"));
    const [, top] = /^## \[?([0-9][^\]\s]*)/m.exec(readProjectFile("CHANGELOG.md")) ?? [];
    expect(top).toBe(version);
  });
});
