import { fastify } from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { receiveBodies } from '../../../../server/http/bodies.ts';
import { BodyBudget } from '../../../../server/http/body-budget.ts';
import { registerLoki } from '../../../../server/http/loki/routes.ts';
import { LOKI_FORM_BYTES_MAX } from '../../../../server/limits.ts';
import { QueryEngine } from '../../../../server/query/engine.ts';
import { LOGQL_LIMITS } from '../../../../server/query/logql/query-limits.ts';
import { fakeReader } from '../../query/fake-reader.ts';

function appOf() {
  const app = fastify();
  app.decorateRequest('namespaces', 'all');
  app.decorateRequest('callerName');
  receiveBodies(app, new BodyBudget());
  const engine = new QueryEngine(fakeReader({}));
  const discovery = { serviceName: true, logLevels: true, fields: false };
  const lokiPushes = { accept: () => Promise.reject(new Error('nothing is pushed here')) };
  const unasked = (): never => expect.unreachable();
  const logs = { problem: undefined, capacity: unasked, erase: unasked, erasures: unasked, erasure: unasked };
  const audit = { record: unasked };
  const log = pino({ level: 'silent' });
  const closing = new AbortController().signal;
  const limits = LOGQL_LIMITS;
  registerLoki(app, { engine, logs, lokiPushes, audit, now: () => 0, discovery, limits, log, closing });
  return app;
}

const PATH = '/loki/api/v1/format_query';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

test('the query may be in the URL or in a form', async () => {
  const app = appOf();
  const query = 'sum ( rate( {a="b"}[5m])) by ( c )';
  const want = { status: 'success', data: 'sum by (c)(rate({a="b"}[5m]))' };
  const inUrl = await app.inject(`${PATH}?${String(new URLSearchParams({ query }))}`);
  expect(inUrl.json()).toEqual(want);
  expect(inUrl.headers['content-type']).toBe('application/json; charset=utf-8');
  const payload = String(new URLSearchParams({ query }));
  expect((await app.inject({ method: 'POST', url: PATH, headers: FORM, payload })).json()).toEqual(want);
});

test('a long query is written over several lines', async () => {
  const query = `topk(5, sum by (pod) (rate({app="api"} |= "${'x'.repeat(60)}" | json | unwrap ms [5m]))) / 2 > 1`;
  const answer = await appOf().inject(`${PATH}?${String(new URLSearchParams({ query }))}`);
  const lines = [
    '  (',
    '    topk(',
    '      5,',
    '      sum by (pod)(',
    '        rate(',
    `          {app="api"} |= "${'x'.repeat(60)}" | json`,
    '            | unwrap ms [5m]',
    '        )',
    '      )',
    '    )',
    '  /',
    '    2',
    '  )',
    '>',
    '  1',
  ];
  expect(answer.json()).toEqual({ status: 'success', data: lines.join('\n') });
});

test('JSON is safe within HTML, as Go writes it', async () => {
  const app = appOf();
  const query = '{app="<&>"} | decolorize';
  const answer = await app.inject(`${PATH}?${String(new URLSearchParams({ query }))}`);
  const [begin, end] = [String.raw`\u003c`, String.raw`\u003e`];
  const printed = String.raw`{app=\"${begin}\u0026${end}\"} | decolorize`;
  expect(answer.body).toBe(`{"status":"success","data":"${printed}"}\n`);
  const wrong = await app.inject(`${PATH}?${String(new URLSearchParams({ query: '{<' }))}`);
  expect(wrong.body).toContain(`unexpected ${begin}, expecting`);
});

test('what is wrong is said in JSON here; a form that is too large in text', async () => {
  const app = appOf();
  const wrong = await app.inject(`${PATH}?query={`);
  expect([wrong.statusCode, wrong.json()]).toEqual([
    400,
    {
      status: 'invalid-query',
      error: 'parse error at line 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER or }',
    },
  ]);
  const payload = `query=${'x'.repeat(LOKI_FORM_BYTES_MAX)}`;
  const large = await app.inject({ method: 'POST', url: PATH, headers: FORM, payload });
  expect([large.statusCode, large.headers['content-type'], large.body]).toEqual([
    413,
    'text/plain; charset=utf-8',
    `the form is larger than ${LOKI_FORM_BYTES_MAX} bytes`,
  ]);
});

test('the version that clients ask for', async () => {
  const { headers, ...answer } = await appOf().inject('/loki/api/v1/status/buildinfo');
  expect(headers['content-type']).toBe('application/json');
  expect(answer.json()).toMatchObject({ version: expect.stringMatching(/^3\./) });
});
