import { expect, it } from "vitest";
import { TenantAnalytics } from "../../../src/repository/tenant-analytics.ts";
import { recordingRepository } from "../../support/recording-repository.ts";

const tenants = { acme: 6, globex: 3, initech: 1 };

it("analytics tell totals, and each tenant's share, the greatest first", async () => {
  const { repository } = recordingRepository({ tenants });
  const analytics = new TenantAnalytics(repository, { collection: "notes" });
  expect(await analytics.getTenantStatistics()).toEqual({
    collectionName: "notes",
    documentCount: 10,
    tenantCount: 3,
    otherCount: 0,
    memoryUsageMb: 1,
    memoryFrom: "formula",
    tenants: [
      { tenantId: "acme", documentCount: 6, share: 0.6 },
      { tenantId: "globex", documentCount: 3, share: 0.3 },
      { tenantId: "initech", documentCount: 1, share: 0.1 },
    ],
    complete: true,
  });
});

it("analytics say where there may be tenants beyond the limit", async () => {
  const { repository } = recordingRepository({ tenants });
  const analytics = new TenantAnalytics(repository, { collection: "notes" });
  expect(await analytics.getTenantStatistics({ limit: 2 })).toMatchObject({
    tenantCount: 2,
    otherCount: 1,
    complete: false,
  });
});

it("analytics of an empty collection divide by nothing", async () => {
  const { repository } = recordingRepository();
  const analytics = new TenantAnalytics(repository, { collection: "notes" });
  expect(await analytics.getTenantStatistics()).toMatchObject({ documentCount: 0, tenants: [] });
});
