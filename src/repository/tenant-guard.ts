/** Which users may ask about which tenants: in front of every call that a user's request leads to. */
import type { Context, MiddlewareHandler } from "hono";
import { VectorError } from "../errors.ts";
import type { DocumentMetadata } from "./metadata.ts";
import type { VectorService } from "./service.ts";
import type { ServiceSearchRequest } from "./service-types.ts";
import { assertTenant } from "./tenant.ts";
import type { RepositoryCallOptions, SearchResult } from "./types.ts";

/** What gives a tenant's service: the result of `connect()`. */
export interface TenantServices {
  tenant<M extends object = DocumentMetadata>(
    tenantId: string,
    options?: { readonly collection?: string },
  ): VectorService<M>;
}

/** The tenants that a user may ask about, as the application knows them. */
export type GetUserTenants = (
  userId: string,
  options: RepositoryCallOptions,
) => readonly string[] | Promise<readonly string[]>;

export interface TenantGuardOptions {
  readonly getUserTenants: GetUserTenants;
  /** The collection of every service that the guard gives. Default: the connection's. */
  readonly collection?: string;
}

/** Hono's variables behind the guard's middleware. */
export interface TenantVariables<M extends object = DocumentMetadata> {
  Variables: { userId: string; tenantId: string; vectors: VectorService<M> };
}

/** Where a request says who asks, and about whom. Each may be what the application's own authentication has set before. */
export interface MiddlewareOptions {
  /** null or undefined = nobody is signed in: the answer is 401. */
  readonly userId: (context: Context) => string | null | undefined;
  readonly tenantId: (context: Context) => string | null | undefined;
}

/**
 * Asks the application's own resolver, each time anew, and lets through only what it names, compared letter for letter.
 *
 * @example
 * const guard = new TenantGuard(connection, { getUserTenants: (user) => memberships.of(user) });
 * const results = await guard.secureSearch("ada", "acme", { queryEmbedding, nResults: 5 });
 */
export class TenantGuard {
  readonly #services: TenantServices;
  readonly #getUserTenants: GetUserTenants;
  readonly #collection: string | undefined;

  constructor(services: TenantServices, options: TenantGuardOptions) {
    this.#services = services;
    this.#getUserTenants = options.getUserTenants;
    this.#collection = options.collection;
  }

  /** The tenants of a user, as the resolver names them. @throws {VectorError} E_PERMISSION (403) where it answers no list of texts; what the resolver throws */
  async getUserTenants(userId: string, options: RepositoryCallOptions = {}): Promise<string[]> {
    if (typeof userId !== "string" || userId === "") throw refused("no user is named");
    const tenants: unknown = await this.#getUserTenants(userId, options);
    if (Array.isArray(tenants) && tenants.every((tenant) => typeof tenant === "string"))
      return [...tenants];
    throw refused("it is not known to which tenants the user belongs");
  }

  /** Ends well only where the user may ask about the tenant. @throws {VectorError} E_PERMISSION with `details.status` 403; E_TENANT */
  async validateTenantAccess(
    userId: string,
    tenantId: string,
    options: RepositoryCallOptions = {},
  ): Promise<void> {
    const tenant = assertTenant(tenantId);
    const tenants = await this.getUserTenants(userId, options);
    if (!tenants.includes(tenant)) throw refused("the user does not belong to this tenant");
  }

  /** A search in the tenant's documents by one who may. @throws {VectorError} E_PERMISSION, and as `VectorService.semanticSearch` */
  async secureSearch<M extends object = DocumentMetadata>(
    userId: string,
    tenantId: string,
    request: ServiceSearchRequest<M>,
    options: RepositoryCallOptions = {},
  ): Promise<SearchResult<M>[]> {
    await using service = await this.serviceFor<M>(userId, tenantId, options);
    return await service.semanticSearch(request, options);
  }

  /** The tenant's service, for one who may. @throws {VectorError} E_PERMISSION, E_TENANT */
  async serviceFor<M extends object = DocumentMetadata>(
    userId: string,
    tenantId: string,
    options: RepositoryCallOptions = {},
  ): Promise<VectorService<M>> {
    await this.validateTenantAccess(userId, tenantId, options);
    const collection = this.#collection;
    return this.#services.tenant<M>(tenantId, collection === undefined ? {} : { collection });
  }

  /**
   * Hono middleware: behind it `c.get("vectors")` is the service of the tenant that was asked for; who may not gets 403, and nobody signed in 401, as JSON.
   */
  middleware<M extends object = DocumentMetadata>(
    options: MiddlewareOptions,
  ): MiddlewareHandler<TenantVariables<M>> {
    return async (context, next) => {
      const userId = options.userId(context);
      if (userId === null || userId === undefined || userId === "")
        return context.json(answerOf(refused("nobody is signed in")), 401);
      const tenantId = options.tenantId(context);
      let service: VectorService<M>;
      try {
        service = await this.serviceFor<M>(userId, tenantId ?? "", {
          signal: context.req.raw.signal,
        });
      } catch (error) {
        const status = statusOf(error);
        if (status === null) throw error;
        return context.json(answerOf(error as VectorError), status);
      }
      context.set("userId", userId);
      context.set("tenantId", service.tenantId);
      context.set("vectors", service);
      return await next();
    };
  }
}

function refused(why: string): VectorError {
  return new VectorError("E_PERMISSION", `The request is refused: ${why}.`, {
    details: { status: 403 },
  });
}

/** 403 for a refusal, 400 for what names no tenant; null = another error, which is the application's to answer. */
function statusOf(error: unknown): 403 | 400 | null {
  if (!(error instanceof VectorError)) return null;
  if (error.code === "E_PERMISSION") return 403;
  return error.code === "E_TENANT" ? 400 : null;
}

function answerOf({ code, message }: VectorError): { error: { code: string; message: string } } {
  return { error: { code, message } };
}
