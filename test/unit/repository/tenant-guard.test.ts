import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { createVectorService } from "../../../src/repository/service.ts";
import {
  TenantGuard,
  type TenantServices,
  type TenantVariables,
} from "../../../src/repository/tenant-guard.ts";
import { recordingRepository } from "../../support/recording-repository.ts";

const members: Record<string, string[]> = { ada: ["acme", "globex"], bob: ["globex"] };

function guarded(getUserTenants = (user: string) => members[user] ?? []) {
  const { repository, asked } = recordingRepository();
  const services: TenantServices = {
    tenant: (tenantId, options) =>
      createVectorService(repository, { tenantId, collection: options?.collection ?? "notes" }),
  };
  return { guard: new TenantGuard(services, { getUserTenants }), asked, services };
}

describe("the guard of tenants", () => {
  it("searches for a user in a tenant of the user's", async () => {
    const { guard, asked } = guarded();
    await guard.secureSearch("ada", "acme", { queryEmbedding: [1, 0] });
    expect(asked).toMatchObject([{ given: [{ tenantId: "acme", queryEmbedding: [1, 0] }, {}] }]);
    expect(await guard.getUserTenants("ada")).toEqual(["acme", "globex"]);
  });

  it.each([
    ["bob", "acme"],
    ["bob", "GLOBEX"],
    ["bob", "globex "],
    ["bob", "*"],
    ["nobody", "acme"],
    ["", "acme"],
    ["__proto__", "acme"],
  ])("refuses %j to ask about %j with 403, and asks nothing of the store", async (user, tenant) => {
    const { guard, asked } = guarded((one) =>
      Object.hasOwn(members, one) ? (members[one] ?? []) : [],
    );
    const refusal = { code: "E_PERMISSION", details: { status: 403 } };
    await expect(guard.validateTenantAccess(user, tenant)).rejects.toMatchObject(refusal);
    await expect(
      guard.secureSearch(user, tenant, { queryEmbedding: [1, 0] }),
    ).rejects.toMatchObject(refusal);
    await expect(guard.serviceFor(user, tenant)).rejects.toMatchObject(refusal);
    expect(asked).toEqual([]);
  });

  it.each([
    [undefined],
    [null],
    ["acme"],
    [{ includes: () => true }],
    [[["acme"]]],
    [new Set(["acme"])],
  ])("lets nobody through where the resolver answers %j", async (answer) => {
    const { guard } = guarded(() => answer as never);
    await expect(guard.validateTenantAccess("ada", "acme")).rejects.toMatchObject({
      code: "E_PERMISSION",
    });
  });

  it("lets nobody through where the resolver fails, and says what it said", async () => {
    const { guard } = guarded(() => {
      throw new Error("The directory is down.");
    });
    await expect(guard.validateTenantAccess("ada", "acme")).rejects.toThrow(
      "The directory is down.",
    );
  });

  it("asks the resolver anew each time", async () => {
    const tenants = ["acme"];
    const { guard } = guarded(() => tenants);
    await guard.validateTenantAccess("ada", "acme");
    tenants.pop();
    await expect(guard.validateTenantAccess("ada", "acme")).rejects.toMatchObject({
      code: "E_PERMISSION",
    });
  });

  it("takes no blank tenant, whatever the resolver says", async () => {
    const { guard } = guarded(() => [""]);
    await expect(guard.validateTenantAccess("ada", "")).rejects.toMatchObject({ code: "E_TENANT" });
  });

  it("gives services of the collection that it was made for", async () => {
    const { services } = guarded();
    const guard = new TenantGuard(services, {
      getUserTenants: () => ["acme"],
      collection: "papers",
    });
    expect(await guard.serviceFor("ada", "acme")).toMatchObject({
      tenantId: "acme",
      collection: "papers",
    });
  });
});

describe("the guard's middleware for Hono", () => {
  const { guard, asked } = guarded();
  const app = new Hono<TenantVariables>();
  app.use(
    "/tenants/:tenant/*",
    guard.middleware({
      userId: (context) => context.req.header("x-user"),
      tenantId: (context) => context.req.param("tenant"),
    }),
  );
  app.get("/tenants/:tenant/count", async (context) =>
    context.json({ user: context.get("userId"), count: await context.get("vectors").count() }),
  );

  it("gives the tenant's service to who may have it", async () => {
    const answer = await app.request("/tenants/acme/count", { headers: { "x-user": "ada" } });
    expect([answer.status, await answer.json()]).toEqual([200, { user: "ada", count: 7 }]);
    expect(asked.at(-1)?.given[1]).toEqual({ tenantId: "acme" });
  });

  it.each([
    ["bob", "/tenants/acme/count", 403, "E_PERMISSION"],
    ["", "/tenants/acme/count", 401, "E_PERMISSION"],
    ["ada", "/tenants/%20/count", 400, "E_TENANT"],
  ])("answers %j at %s with %i", async (user, path, status, code) => {
    const before = asked.length;
    const answer = await app.request(path, { headers: { "x-user": user } });
    expect([answer.status, await answer.json()]).toMatchObject([status, { error: { code } }]);
    expect(asked).toHaveLength(before);
  });

  it("leaves other errors to the application", async () => {
    const failing = guarded(() => {
      throw new Error("The directory is down.");
    }).guard;
    const other = new Hono<TenantVariables>();
    other.use(failing.middleware({ userId: () => "ada", tenantId: () => "acme" }));
    other.onError((error, context) => context.text(error.message, 503));
    const answer = await other.request("/");
    expect([answer.status, await answer.text()]).toEqual([503, "The directory is down."]);
  });
});
