import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { qdrantKinds } from "../support/qdrant-places.ts";

describe.each(qdrantKinds)("vecferry tenants at the $name", ({ skip, start }) => {
  it.skipIf(skip)("counts and proves, names what is another's, and tells plain ones", async () => {
    using folder = temporaryFolder();
    await using place = await start();
    const [target, plain] = [place.unique("tenants"), place.unique("plain")];
    const options = { cwd: folder.path, env: place.env };
    const source = `${unpackChroma("1.5.9", folder.path)}?tenant=default_tenant`;
    const mapping = { angles: "acme", configured: "globex", dots: "x", squares: "x", awkward: "x" };
    writeFileSync(join(folder.path, "t.json"), JSON.stringify(mapping));
    const chosen = ["--chromadb-collections", "angles", "configured"];
    const shape = ["--target-collection", target, "--tenant-mapping", "t.json"];
    await runCli(["migrate", source, place.url, ...shape, ...chosen], options);

    const words = ["tenants", "--target-collection", target];
    const kept = await runCli(words, options);
    expect(kept.stdout).toContain("192 points of 2 tenants; tenant_id is indexed for tenants");
    expect(kept.stdout).toMatch(
      / acme: 96\n {2}globex: 96\nTenants are kept apart: of 192 points, all/,
    );
    expect(kept).toMatchObject({ status: 0, stderr: "" });

    const twice = await runCli(["tenants", place.url, target], options);
    expect(twice).toMatchObject({ status: 2 });
    expect(twice.stderr).toContain("--target-collection");

    const points = `/collections/${target}/points`;
    const filter = { must: [{ key: "tenant_id", match: { value: "acme" } }] };
    const page = await place.call<{ points: { id: string }[] }>("POST", `${points}/scroll`, {
      filter,
      limit: 1,
    });
    const [{ id = "" } = {}] = page.points;
    const moved = { payload: { tenant_id: ["acme", "globex"] }, points: [id] };
    await place.call("POST", `${points}/payload?wait=true`, moved);
    const broken = await runCli([...words, "--json"], options);
    expect(broken.status).toBe(4);
    const { tenants } = JSON.parse(broken.stdout.trim().split("\n").at(-1) ?? "");
    expect(tenants.tenanted[0]).toMatchObject({
      isolation: { breaches: 2 },
      census: { several: 1 },
    });
    expect(tenants.tenanted[0].ownership.examples).toMatchObject([{ point: id, owner: null }]);
    expect(tenants.tenanted[0].isolation.examples[0]).toMatchObject({ point: id, owner: null });

    const copy = ["migrate", source, place.url, "--rename", `dots=${plain}`, "--state", "other"];
    await runCli([...copy, "--include", "dots"], options);
    const told = await runCli(["tenants", place.url, "--target-collection", plain], options);
    expect(told.stdout).toContain(`Plain, without tenants: ${plain}.`);
    expect(told).toMatchObject({ status: 0, stderr: "" });
  });
});
