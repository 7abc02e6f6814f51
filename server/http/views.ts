/**
 * `GET /views`, `PUT` and `DELETE /views/{name}`: saved views. Each token has its own; those that are shared are seen by every
 * token, and changed by those with the scope admin.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { ForbiddenError, ParameterError, PodlogError } from '../../shared/errors.ts';
import { formatInstant, instantOfMs } from '../../shared/time.ts';
import { VIEW_BYTES_MAX, VIEW_COLUMNS_MAX, VIEW_NAME_CHARS_MAX, VIEWS_MAX, VIEWS_OF_OWNER_MAX } from '../limits.ts';
import { parseFlag, type QueryString } from '../query/parameters.ts';
import type { SavedView, ViewAbility } from '../store/views.ts';

export interface ViewRoutes {
  readonly views: ViewAbility;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

interface Named {
  readonly Params: { readonly name: string };
  readonly Querystring: QueryString;
}

const BODY = v.strictObject({
  search: v.string(),
  since: v.optional(v.string()),
  until: v.optional(v.string()),
  columns: v.optional(v.pipe(v.array(v.string()), v.maxLength(VIEW_COLUMNS_MAX)), []),
  shared: v.optional(v.boolean(), false),
});
const EXAMPLE = '{"search":"level:error","since":"1h","columns":["path","status"],"shared":false}';

export function registerViews(app: FastifyInstance, { views, now }: ViewRoutes): void {
  app.get('/views', async (request) => ({
    views: visible(views, request)
      .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.owner === undefined ? 1 : -1))
      .map(answerOf),
  }));

  app.get<Named>('/views/:name', async (request) => {
    const named = visible(views, request).filter(({ name }) => name === request.params.name);
    const view = named.find(({ owner }) => owner !== undefined) ?? named[0];
    if (view === undefined) throw noView(request.params.name);
    return answerOf(view);
  });

  app.put<Named & { Body: Buffer | undefined }>(
    '/views/:name',
    { config: { takesBody: true } },
    async (request, reply) => {
      const { shared, ...said } = parseBody(request.body ?? Buffer.alloc(0));
      const owner = ownerFor(shared, request);
      const { name } = request.params;
      assertName(name);
      const others = views.list().filter((each) => each.name !== name || each.owner !== owner);
      const isNew = others.length === views.list().length;
      if (isNew) assertRoom(others, owner);
      const view: SavedView = { name, owner, since: undefined, until: undefined, ...said, changedMs: now() };
      await views.save(view);
      return reply.code(isNew ? 201 : 200).send(answerOf(view));
    },
  );

  app.delete<Named>('/views/:name', async (request, reply) => {
    const { name } = request.params;
    if (!(await views.remove(name, ownerFor(parseFlag(request.query, 'shared'), request)))) throw noView(name);
    return reply.code(204).send();
  });
}

/** Whose views a caller's are: without tokens, everybody's are of one owner. */
function ownerOf({ callerName = '' }: FastifyRequest): string {
  return callerName;
}

function visible(views: ViewAbility, request: FastifyRequest): SavedView[] {
  const caller = ownerOf(request);
  return views.list().filter(({ owner }) => owner === undefined || owner === caller);
}

/** @throws ForbiddenError */
function ownerFor(isShared: boolean, request: FastifyRequest): string | undefined {
  if (!isShared) return ownerOf(request);
  if (request.scopes.includes('admin')) return undefined;
  throw new ForbiddenError(
    `${ownerOf(request)} lacks the scope admin, which changes shared views; without shared, the view is its own`,
  );
}

/** @throws ParameterError */
function assertName(name: string): void {
  if (name.trim() === name && /^\P{Cc}+$/u.test(name) && name.length <= VIEW_NAME_CHARS_MAX) return;
  const allowed = `1 to ${VIEW_NAME_CHARS_MAX} characters, without control characters and without spaces at either end`;
  throw new ParameterError('name', 'not a valid name', allowed, 'PUT /views/errors%20of%20shop');
}

/** @throws PodlogError */
function assertRoom(others: readonly SavedView[], owner: string | undefined): void {
  const own = others.filter((each) => each.owner === owner).length;
  if (others.length < VIEWS_MAX && own < VIEWS_OF_OWNER_MAX) return;
  const limit =
    own < VIEWS_OF_OWNER_MAX
      ? `${VIEWS_MAX} views`
      : `${VIEWS_OF_OWNER_MAX} views of ${owner === undefined ? 'all' : 'its own'}`;
  throw new PodlogError(
    'PODLOG_TOO_MANY_VIEWS',
    409,
    `there are ${limit}, as many as may be: delete some, or replace one`,
  );
}

/** @throws PodlogError, ParameterError */
function parseBody(body: Buffer) {
  if (body.length > VIEW_BYTES_MAX) {
    throw new PodlogError('PODLOG_TOO_LARGE', 413, `a view has at most ${VIEW_BYTES_MAX} bytes of JSON`);
  }
  let said: unknown;
  try {
    said = JSON.parse(body.toString());
  } catch {
    throw new ParameterError('body', 'not JSON', 'an object with search, since, until, columns, shared', EXAMPLE);
  }
  const { success, output, issues } = v.safeParse(BODY, said);
  if (success) return output;
  const [issue] = issues;
  const problem = `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`;
  throw new ParameterError(
    'body',
    problem,
    `an object with search, since, until, up to ${VIEW_COLUMNS_MAX} columns, shared`,
    EXAMPLE,
  );
}

function noView(name: string): PodlogError {
  return new PodlogError('PODLOG_NO_VIEW', 404, `there is no view ${JSON.stringify(name)}; GET /views lists them`);
}

function answerOf({ name, owner, search, since, until, columns, changedMs }: SavedView) {
  return {
    name,
    shared: owner === undefined,
    search,
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    columns,
    changed: formatInstant(instantOfMs(changedMs)),
  };
}
