/** A question that was not understood is answered with what was not understood: misspelt names, habits from other tools. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { MS_PER_DAY } from '../../../shared/time.ts';
import { eventually } from '../../eventually.ts';
import { batchOf, type Line } from '../engines/embedded/batches.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

const NOW_MS = Date.now();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-advice-'));
  server = await startQuietServer(join(folder, 'data'));
  // 40 lines of the last hour, 4 of three days ago.
  await store(Array.from({ length: 40 }, (_, i) => NOW_MS - 1_000_000 - i * 1000));
  await store(Array.from({ length: 4 }, (_, i) => NOW_MS - 3 * MS_PER_DAY - i * 1000));
  // Advice has a second, which the start of workers on a busy machine takes.
  await eventually(async () => expect((await get('logs?weather=fine')).header).not.toBeNull());
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function store(timesMs: readonly number[]): Promise<void> {
  const lines = timesMs.map((ms, i): Line => {
    const day = Math.floor(ms / MS_PER_DAY);
    const level = i % 10 === 3 ? 'error' : 'info';
    const line = { level, status: level === 'error' ? 502 : 200, latency_ms: i, user_id: i % 4, items: [{ id: i }] };
    const labels = { namespace: 'shop', pod: `api-${i % 2}`, container: 'api' };
    return { text: JSON.stringify(line), day, timeNs: (ms - day * MS_PER_DAY) * 1e6, labels };
  });
  for (const [, ofDay] of Map.groupBy(lines, ({ day }) => day)) {
    const body = new Uint8Array(batchOf({ lines: ofDay }));
    const response = await fetch(`${server.url}/agent/batch`, { method: 'POST', body });
    expect(response.status, await response.text()).toBe(200);
  }
}

interface Hint {
  readonly message: string;
  readonly parameters?: string;
  readonly lines?: number;
}

async function get(path: string, method = 'GET'): Promise<{ status: number; text: string; header: string | null }> {
  const response = await fetch(`${server.url}/${path}`, { method });
  return { status: response.status, text: await response.text(), header: response.headers.get('podlog-hint') };
}

async function hintsOf(path: string): Promise<readonly Hint[]> {
  const { status, text } = await get(path);
  expect(status, text).toBe(200);
  return (JSON.parse(text) as { hints?: readonly Hint[] }).hints ?? [];
}

/** As many as a search finds. */
async function linesOf(parameters: string): Promise<number> {
  const { text } = await get(`logs?${parameters}&limit=1000`);
  return text.split('\n').length - 1;
}

/** From kubectl, stern, Loki, Splunk, Elasticsearch, SQL and haste; and what the refusal names. */
const HABITS: readonly [string, RegExp][] = [
  ['tail=5', /^tail: podlog has no such parameter, and no line has such a label or field; allowed: limit=20/],
  ['tail=20&follow=true', /limit=20/],
  ['tailLines=5', /limit=20/],
  ['tail-lines=5', /limit=20/],
  ['lines=5', /limit=20/],
  ['head=5', /order=oldest&limit=20/],
  ['size=5', /limit=20/],
  ['since-time=2026-11-23T00:00:00Z', /since=/],
  ['sinceTime=2026-11-23T00:00:00Z', /since=/],
  ['sinceSeconds=30', /since=30s/],
  ['start=1h', /since=1h/],
  ['end=now', /until=now/],
  ['from=now-1h', /since=1h/],
  ['to=now', /until=now/],
  ['earliest=-1h', /since=1h/],
  ['latest=now', /until=now/],
  ['last=1h', /since=1h/],
  ['direction=forward', /order=oldest/],
  ['sort=-time', /order=newest/],
  ['sort=p99', /order=p99/],
  ['order_by=time', /order=newest/],
  ['orderBy=time', /order=newest/],
  ['group_by=path', /by=path/],
  ['groupby=path', /by=path/],
  ['select=path', /columns=/],
  ['where=status>500', /status>=500/],
  ['filter=error', /search=level:error/],
  ['grep=timeout', /q=timeout/],
  ['text=timeout', /q=timeout/],
  ['contains=timeout', /q=timeout/],
  ['regex=time.*', /q=~/],
  ['include=timeout', /q=timeout/],
  ['exclude=health', /q=!/],
  ['exclude-pod=api', /pod=!/],
  ['selector=app=api', /app=api/],
  ['l=app=api', /app=api/],
  ['n=shop', /namespace=shop/],
  ['all-namespaces=true', /all namespaces are searched/],
  ['all-containers', /all containers are searched/],
  ['timestamps=true', /columns=time/],
  ['output=raw', /format=raw/],
  ['watch=true', /follow=true/],
  ['i=true', /ignore_case=true/],
  ['ignoreCase=true', /ignore_case=true/],
  ['page=2', /cursor=/],
  ['skip=100', /cursor=/],
  ['fromat=raw', /allowed: format=…; example: field\.fromat=…/],
  ['limt=5', /allowed: limit=…/],
  ['ordr=oldest', /allowed: order=…/],
  ['sicne=1h', /allowed: since=…/],
  ['untill=now', /allowed: until=…/],
  ['folow=true', /allowed: follow=…/],
  ['arround=now', /allowed: around=…/],
  ['serach=timeout', /allowed: search=…/],
  ['limit=5&by=path', /by: not a parameter of this route/],
  ['q=panic&context=30', /around=/],
  ['q=panic&before=30s', /around=/],
  ['q=panic&A=30', /around=/],
  ['having=count>5', /having=distinct>1.*on \/aggregate/],
  ['step=5m', /step: not a parameter of this route/],
  ['query={app="api"}', /LogQL/],
  ['logql={app="api"}', /LogQL/],
  ['max-log-requests=5', /allowed: nothing/],
  ['field-selector=spec.nodeName=n', /node=/],
  ['template={{.Message}}', /columns=/],
  ['highlight=error', /color=always/],
  ['operator=AND', /match=all/],
  ['query_string=failed', /search=level:error/],
  ['follow=true&order=newest', /^order: a live tail has the oldest lines first/],
  ['status=!=200', /^status: "!=200" has an operator in the value; .*; example: status=!200$/],
  ['level=!>=warn', /^level: .*; example: level=!warn$/],
  ['level>=5', /^level>=: "5" is not a number/],
  ['host=worker-1', /node=/],
  ['kubernetes.pod_name=api-0', /pod=/],
  ['k8s.namespace.name=shop', /namespace=/],
  ['containerName=api', /container=/],
  ['service=api', /app=api/],
  ['index=main', /namespace=shop/],
  ['sourcetype=app', /container=/],
  ['severity=ERROR', /level=error/],
  ['log.level=error', /level=error/],
];

describe('a habit from another tool, or a misspelt parameter, is refused with the right one', () => {
  test.each(HABITS)('/logs?%s', async (parameters, message) => {
    const { status, text } = await get(`logs?${parameters}`);
    expect(status, text).toBe(400);
    expect((JSON.parse(text) as { error: { message: string } }).error.message).toMatch(message);
  });

  test.each(['histogram?', 'aggregate?', 'fields?', 'labels?', 'labels/pod/values?'])('/%stail=5', async (route) => {
    expect((await get(`${route}tail=5`)).status).toBe(400);
  });

  test('/logs?constructor=1 is a filter like any other', async () => {
    expect((await get('logs?constructor=1')).header).toBe('no line in the store has "constructor"');
  });

  test.each(['users/3?', 'requests/r-1?', 'patterns?', 'compare?level=error&', 'stats?by=namespace&'])(
    '/%ssort=p99',
    async (route) => {
      expect((await get(`${route}sort=p99`)).status).toBe(400);
    },
  );

  test.each([
    ['aggregate?by=pod,level', /^by: "pod,level" is a list; .*; example: by=pod&by=level$/],
    ['histogram?by=pod,level', /^by: "pod,level" is a list; .*; example: by=pod$/],
    [
      'aggregate?of=p99(latency_ms)',
      /^of: "p99\(latency_ms\)" is not the name of a field; .*; example: of=latency_ms$/,
    ],
    ['logs?p=true', /^p: .*previous=true/],
    ['aggregate?by=path&avg=latency_ms', /^avg: .*of=latency_ms/],
    ['aggregate?by=path&percentile=99', /^percentile: .*order=p99/],
    ['aggregate?group=path', /^group: .*by=path/],
    ['aggregate?of=latency_ms&sort=-p99&order=rows', /^sort: not with order/],
    ['histogram?buckets=10', /^buckets: .*step=5m/],
    ['fields?field=status', /^field: .*name=status/],
    ['compare?level=error&than=level:info', /^than: .*than\.level=info/],
    ['logs?restart_count=2', /restart=2/],
    ['stats?namespace=shop', /by=namespace&namespace=/],
    ['agents?node=n1', /^node: not a parameter of this route; allowed: none/],
    ['erasures?user_id=7', /^user_id: not a parameter/],
    ['snapshots?limit=3', /^limit: not a parameter/],
    ['session?x', /^x: not a parameter/],
    ['views?nam=x', /^nam: not a parameter/],
  ])('/%s', async (path, message) => {
    const { status, text } = await get(path);
    expect(status, text).toBe(400);
    expect((JSON.parse(text) as { error: { message: string } }).error.message).toMatch(message);
  });

  test('an erasure with one erases nothing', async () => {
    expect((await get('logs?tail=5', 'DELETE')).status).toBe(400);
    // A misspelt parameter of the route itself.
    const misspelt = await get('logs?user_id=3&dryrun=true', 'DELETE');
    expect(misspelt.status, misspelt.text).toBe(400);
    expect(misspelt.text).toMatch(/dry_run=…/);
    expect(JSON.parse((await get('erasures')).text)).toEqual({ erasures: [] });
  });

  test('around a line, too', async () => {
    const { status, text } = await get('logs?around=now&befor=3');
    expect(status, text).toBe(400);
    expect(text).toMatch(/allowed: before=…/);
  });

  test('a label or field of such a name is a filter', async () => {
    await fetch(`${server.url}/ingest?tail=left`, { method: 'POST', body: '{"size":7}' });
    expect(await linesOf('tail=left')).toBe(1);
    expect(await linesOf('size=7')).toBe(1);
    expect(await linesOf('field.head=7')).toBe(0);
  });
});

test('a name that no line has, with the nearest one and how many lines that finds', async () => {
  const [hint, ...others] = await hintsOf('aggregate?namspace=shop&since=1h');
  expect(others).toEqual([]);
  expect(hint).toEqual({
    message: 'no line from 1h to now has "namspace"; did you mean namespace?',
    parameters: 'namespace=shop&since=1h',
    lines: 40,
  });
});

test.each([
  ['statsu>=500', '"statsu"', 'status', 'status>=500'],
  ['latency>10', '"latency"', 'latency_ms', 'latency_ms>10'],
  ['latencyms>10', '"latencyms"', 'latency_ms', 'latency_ms>10'],
  ['userId=3', '"userId"', 'user_id', 'user_id=3'],
  ['levle=error', '"levle"', 'level', 'level=error'],
  ['search=error%20statsu:502', '"statsu" at 7', 'status', 'search=error%20status:502'],
  ['search=level:error%20"pdo":api-1', '"pdo" at 13', 'pod', 'search=level:error%20pod:api-1'],
  ['pdo.shape=api-*', '"pdo"', 'pod', 'pod.shape=api-*'],
  ['search=pdo.shape:api-*', '"pdo.shape" at 1', 'pod', 'search=pod.shape:api-*'],
  ['search=field.statsu.shape:{id}', '"field.statsu.shape" at 1', 'status', 'search=field.status.shape:%7Bid%7D'],
  ['status.keyword=502', '"status.keyword"', 'status', 'status=502'],
  ['status%5Bgte%5D=502', '"status[gte]"', 'status', 'status=502'],
  ['search=json.user_id.raw:3', '"json.user_id.raw" at 1', 'user_id', 'search=user_id:3'],
  ['weather=fine', '"weather"', undefined, undefined],
])('%s', async (parameters, shown, nearest, suggested) => {
  const { status, text, header } = await get(`logs?${parameters}`);
  expect({ status, text }).toEqual({ status: 200, text: '' });
  const message = `no line in the store has ${shown}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
  expect(header).toBe(message);
  const [hint] = await hintsOf(`aggregate?${parameters}`);
  expect(hint?.message).toBe(message);
  if (suggested === undefined) return;
  expect(hint?.parameters).toBe(suggested);
  expect(hint?.lines).toBe(await linesOf(suggested));
});

test.each([
  ['aggregate?seach_term=tea', 'search term', 'search%20term=tea'],
  ['aggregate?search="search trem":tea', 'search term', 'search=%22search%20term%22:tea'],
  ['aggregate?labelteam=core', 'label.team', '%5Clabel.team=core'],
  ['aggregate?search=labelteam:core', 'label.team', 'search=%5Clabel.team:core'],
  ['aggregate?field.labelteam=core', 'label.team', 'field.label.team=core'],
  ['aggregate?colr=9', 'color', '%5Ccolor=9'],
  ['aggregate?field.colr=9', 'color', 'field.color=9'],
])('the nearest name is written so that its lines are found: %s', async (path, nearest, suggested) => {
  const body = '{"search term":"tea","label.team":"core","color":9}';
  await fetch(`${server.url}/ingest?app=odd`, { method: 'POST', headers: { 'idempotency-key': 'odd' }, body });
  const [hint] = await hintsOf(path);
  expect(hint?.message).toMatch(new RegExp(`; did you mean ${nearest}\\?$`));
  expect(hint).toMatchObject({ parameters: suggested, lines: 1 });
  expect(await linesOf(suggested)).toBe(1);
});

test.each([
  ['previous:true', '"previous" at 1; it is a parameter, which goes beside search='],
  ['level:error order:oldest', '"order" at 13; it is a parameter, which goes beside search='],
  ['limit:5', '"limit" at 1; it is a parameter, which goes beside search='],
  ['tail_lines:20', '"tail_lines" at 1; beside search=, there is limit=20'],
  [
    'sort_by:p99',
    '"sort_by" at 1; beside search=, there is order=newest or order=oldest; on /aggregate a measure, such as order=p99',
  ],
])('a parameter in the search text: %s', async (search, advice) => {
  const { text, header } = await get(`logs?search=${encodeURIComponent(search)}`);
  expect(text).toBe('');
  expect(header).toBe(`no line in the store has ${advice}`);
});

test.each([
  ['columns=time,latency', 'no line in the store has "latency"; did you mean latency_ms?'],
  ['columns=pod,latncy_ms&format=csv&since=1h', 'no line from 1h to now has "latncy_ms"; did you mean latency_ms?'],
  ['columns=time,pod,level,line,message,cursor,labels,fields,latency_ms,status,status.shape', null],
  ['columns=latency&limit=all', 'no line in the store has "latency"; did you mean latency_ms?'],
])('columns that no line has: %s', async (parameters, header) => {
  const answer = await get(`logs?namespace=shop&${parameters}`);
  expect(answer.text).not.toBe('');
  expect(answer.header).toBe(header);
});

test('a wider range, and each filter left out, with as many lines as these questions find', async () => {
  const hints = await hintsOf('aggregate?status=502&user_id=0&pod=api-0&since=1h');
  expect(hints.map(({ message }) => message)).toEqual(['without status=502: 10 lines']);
  for (const { parameters, lines } of hints) expect(await linesOf(parameters!)).toBe(lines);
});

test.each([
  ['namespace=Shop', 'namespace=shop', 44],
  ['level=errror', 'level=error', 5],
  ['pod=api0', 'pod=api-0', 22],
  ['container=apii&level=error', 'level=error&container=api', 5],
  ['pod=ap1&pod=api_0', 'pod=api-1&pod=api-0', 44],
])('a value that no line has: %s', async (parameters, suggested, lines) => {
  const [hint] = await hintsOf(`aggregate?${parameters}`);
  expect(hint).toMatchObject({ parameters: suggested, lines });
  expect(hint?.message).toMatch(/^no line has .*; did you mean .*\? \d+ lines$/);
  expect(await linesOf(suggested)).toBe(lines);
});

test.each([
  ['status=5xx', 'status=5*'],
  ['status=>500', 'status>500'],
  ['status=>=500', 'status>=500'],
  ['latency_ms==<9', 'latency_ms<=9'],
  ['level==error', 'level=error'],
  ['pod==~api-[01]', 'pod=~api-%5B01%5D'],
  ['pod=/API-1/i', 'pod=~(%3Fi)API-1'],
  ['pod=api-.*', 'pod=~api-.*'],
  ['level=error,fatal', 'level=error&level=fatal'],
  ['level=ERROR|WARN', 'level=ERROR&level=WARN'],
  ['pod=api%25', 'pod=api*'],
  ['pod=ap', 'pod=ap*'],
  ['pod=deployment/api', 'pod=api-*'],
  ['pod=shop/api-1', 'pod=api-1'],
  ['container="api"', 'container=api'],
  ['level=[error,fatal]', 'level=error&level=fatal'],
  ['level=(error OR fatal)', 'level=error&level=fatal'],
  ['status={500 TO *}', 'status>=500'],
  ['status=500-599', 'status>=500&status<=599'],
  ['user_id=', 'user_id=!*'],
  ['user_id=NULL', 'user_id=!*'],
  ['namespace=ho', 'namespace=*ho*'],
  ['user_id=3%20', 'user_id=3'],
  ['status=500..599', 'status>=500&status<=599'],
  ['status=[500 TO 599]', 'status>=500&status<=599'],
  ['q=502 AND latency', 'q=502&q=latency&match=all'],
  ['q=502 OR 404', 'q=502&q=404'],
  ['q=502|404', 'q=502&q=404'],
  ['q=(?i)LATENCY', 'q=~(%3Fi)LATENCY'],
  ['q==~lat.ncy', 'q=~lat.ncy'],
  ['q=/lat.ncy/', 'q=~lat.ncy'],
  ['q=*latency*', 'q=latency'],
  ['q=LATENCY', 'q=LATENCY&ignore_case=true'],
])('a value as another tool has it: %s', async (parameters, suggested) => {
  const [hint] = await hintsOf(`aggregate?${parameters}`);
  expect(hint?.parameters).toBe(suggested);
  expect(hint?.lines).toBeGreaterThan(0);
  expect(hint?.message).toMatch(/^no line has .*; did you mean .*\? \d+ lines$/);
  expect(await linesOf(suggested)).toBe(hint?.lines);
});

/** The search text, what it should have been, and where the condition is that no line satisfies. */
test.each([
  ['namespace:shpo', 'namespace:shop', 1],
  ['level:error container:apo', 'level:error container:api', 13],
  ['status:200 (pod:api-0 or pod:api-1) container:apii', 'status:200 (pod:api-0 or pod:api-1) container:api', 37],
  ['(pod:ap1 or pod:ap2) -level:debug', '(pod:api-1 or pod:ap2) -level:debug', 2],
  ['container:apii,apu', 'container:api or container:apu', 1],
  ['-level:debug container:apii,apu', '-level:debug (container:api or container:apu)', 14],
  ['namespace:Shop', 'namespace:shop', 1],
  ['pod:ap', 'pod:ap*', 1],
  ['namespace:ho', 'namespace:*ho*', 1],
  ['level:"error,warn"', 'level:error,warn', 1],
  ['level:error|warn', 'level:error,warn', 1],
  ['pod:"api-%"', 'pod:api-*', 1],
  ['pod:api-.*', 'pod:/api-.*/', 1],
  ['status:500..599', 'status>=500 status<=599', 1],
  ['user_id:3 (status:500-599 or level:warn)', 'user_id:3 ((status>=500 status<=599) or level:warn)', 12],
  ['status:">=500"', 'status>=500', 1],
  ['container:null', '-container:*', 1],
  ['container:""', '-container:*', 1],
  ['~latency', 'latency', 1],
  ['latency~2 level:error', 'latency level:error', 1],
  ['"LATENCY_MS"', '/LATENCY_MS/i', 1],
  ['/LAT.NCY/gi', '/LAT.NCY/i', 1],
  ['--container=api', 'container:api', 1],
  ['.status==502', 'status:502', 1],
  ['[status]=502', 'status:502', 1],
  ['^.{1}.?level', '/^.{1}.?level/', 1],
  ['status:5??', 'status:5**', 1],
  ['container contains api', 'container:*api*', undefined],
  ['container is null', '-container:*', undefined],
  ['level:error container contains api status:502', 'level:error container:*api* status:502', undefined],
])('a condition of a search text that no line satisfies: %s', async (search, meant, position) => {
  // Lines without a container.
  const headers = { 'idempotency-key': 'plain' };
  await fetch(`${server.url}/ingest?app=plain`, { method: 'POST', headers, body: 'hello\n' });
  const { header } = await get(`logs?search=${encodeURIComponent(search)}`);
  expect(header).toMatch(/; did you mean .*\? \d+ lines?/);
  const [hint] = await hintsOf(`aggregate?search=${encodeURIComponent(search)}`);
  if (position !== undefined)
    expect(hint?.message).toMatch(new RegExp(`^no line in the store has .* at ${position}; did`));
  expect(new URLSearchParams(hint?.parameters).get('search')).toBe(meant);
  expect(hint?.lines).toBe(await linesOf(hint!.parameters!));
});

test.each([
  'q=%25%25',
  'q={}',
  'q=()',
  'q=**',
  'q=?',
  'items=[]',
  'search="{}"',
  'search="%25%25"',
  'search=container:"()"',
])('a condition without a value is not suggested: %s', async (parameters) => {
  const hints = await hintsOf(`aggregate?level=error&${parameters}`);
  expect(hints.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^without /));
  expect(hints.filter(({ message }) => message.includes('did you mean'))).toEqual([]);
});

test.each([
  ['aggregate?search=-contaner:api', '"contaner" at 2', 'container'],
  ['aggregate?levle=!debug', '"levle"', 'level'],
  ['aggregate?search=(levle:error or status:200)', '"levle" at 2', 'level'],
  ['fields?name=pod&levle=!debug', '"levle"', 'level'],
  ['histogram?search=NOT pdo:api-1', '"pdo" at 5', 'pod'],
])('an answer with lines says which name no line has: %s', async (path, shown, nearest) => {
  const message = `no line in the store has ${shown}; did you mean ${nearest}?`;
  const [hint] = await hintsOf(path);
  expect(hint?.message).toBe(message);
  const { header, text } = await get(path.replace(/^\w+/, 'logs').replace('name=pod&', ''));
  expect(text).not.toBe('');
  expect(header).toBe(message);
});

test.each([
  'search=-level:debug',
  'level=!debug&status=200',
  'search=(user_id:3 or level:fatal)',
  'search=-weather',
  'items.id=!3',
])('an answer to what was understood has no hints: %s', async (parameters) => {
  const { header, text } = await get(`logs?${parameters}`);
  expect(text).not.toBe('');
  expect(header).toBeNull();
});

test.each([
  ['labels/status/values', 'no line has a label "status"; /fields?name=status has the values of a field'],
  ['labels/pods/values', 'no line has a label "pods"; did you mean pod?'],
  ['stats?by=pdo', 'no line in the store has "pdo"; did you mean pod?'],
  ['stats?by=pod&level=errror', 'no line has level=errror; did you mean level=error? 5 lines'],
  ['compare?level=error&name=statsu', 'no line in the store has "statsu"; did you mean status?'],
  [
    'compare?level=error&than.level=none',
    'the other search, that of than., finds no lines: there is nothing to compare with',
  ],
])('%s', async (path, message) => {
  const [hint] = await hintsOf(path);
  expect(hint?.message).toBe(message);
  expect((await get(path)).header).toMatch(message.slice(0, 20));
});

test.each([
  ['bogus', 'no line of the answer has a label "bogus"; allowed: stream, container, namespace, pod; example'],
  ['user_id', 'no line of the answer has a label "user_id"; allowed: stream, container'],
  ['pdo', 'no line of the answer has a label "pdo"; did you mean pod?'],
  ['constructor', 'no line of the answer has a label "constructor"'],
])('per=%s is refused, as all lines would be one group', async (per, message) => {
  const { status, text } = await get(`logs?namespace=shop&per=${per}&limit=1`);
  expect(status, text).toBe(400);
  expect((JSON.parse(text) as { error: { message: string } }).error.message).toContain(message);
});

test('where leaving out one filter does not help, those that no line has', async () => {
  const messages = async (path: string): Promise<string[]> => (await hintsOf(path)).map(({ message }) => message);
  expect(await messages('aggregate?search=shop likes "%25api%25"')).toEqual([
    'no line in the store has shop',
    'no line in the store has likes',
    'no line in the store has "%api%"',
  ]);
});

test('two values of one name, which no line has both', async () => {
  const [hint] = await hintsOf('aggregate?search=level:error pod:api-1 level:info');
  expect(hint?.message).toBe(
    'no line has all of these values of level; did you mean level:error,info pod:api-1? 22 lines',
  );
  expect(new URLSearchParams(hint?.parameters).get('search')).toBe('level:error,info pod:api-1');
  expect(await linesOf(hint!.parameters!)).toBe(22);
});

test('filters of which each finds lines, but no two of three together', async () => {
  expect((await get(String.raw`logs?search="user_id\":0" "user_id\":1" "user_id\":2"`)).header).toBe(
    'each filter alone finds lines, but no line satisfies all of them',
  );
});

test.each([
  [
    'labels/pod/values?status=502',
    '"status" is a field, and streams are found by their labels; /fields?status=502&name=pod',
  ],
  [
    'labels?search=level:error',
    '"level" is a field, and streams are found by their labels; /fields?search=level:error',
  ],
])('a filter on a field, where only labels are looked at: %s', async (path, message) => {
  const [hint, ...others] = await hintsOf(path);
  expect(hint?.message).toBe(`${message} has the values in lines`);
  expect(others).toEqual([]);
  const { status, text } = await get(`fields?${hint?.parameters}`);
  expect(status, text).toBe(200);
  expect(text).toContain('api-1');
});

test.each([
  ['requests/r-1?namspace=shop', '"namspace"', 'namespace'],
  ['users/3?search=statsu:502', '"statsu" at 1', 'status'],
])('an id that is not found because of a misspelt filter: %s', async (path, shown, nearest) => {
  const { status, text, header } = await get(path);
  expect(status, text).toBe(404);
  const message = `no line in the store has ${shown}; did you mean ${nearest}?`;
  expect(header).toBe(message);
  expect(JSON.parse(text)).toMatchObject({ error: {}, hints: [{ message }] });
});

test('a request and a user that are found, with a negated filter that no line has', async () => {
  const line = (at: number): object => ({
    time: new Date(NOW_MS - 5000 + at).toISOString(),
    level: 'info',
    request_id: 'r-77',
    user_id: 'u-77',
    method: 'GET',
    path: '/',
    status: 200,
  });
  const body = `${JSON.stringify(line(0))}\n${JSON.stringify(line(1))}\n`;
  await fetch(`${server.url}/ingest?app=found`, { method: 'POST', headers: { 'idempotency-key': 'found' }, body });
  for (const path of ['requests/r-77?', 'requests/r-77?format=text&', 'users/u-77?since=1h&']) {
    const message = /^no line .* has "levle"; did you mean level\?$/;
    expect(await get(`${path}levle=!debug`)).toMatchObject({
      status: 200,
      header: expect.stringMatching(message) as string,
    });
    expect(await get(`${path}level=!debug`)).toMatchObject({ status: 200, header: null });
  }
});

test('an erasure is not widened', async () => {
  const { text } = await get('logs?pod=ap&dry_run=true', 'DELETE');
  expect(JSON.parse(text)).toEqual({ dry_run: true, rows: 0, namespaces: [] });
});

test('an erasure by a name that no line has is remembered for lines to come, and says so', async () => {
  const { status, text, header } = await get('logs?usr_id=3', 'DELETE');
  const message = 'no line in the store has "usr_id"; did you mean user_id?';
  expect({ status, header }).toEqual({ status: 202, header: message });
  expect(JSON.parse(text)).toMatchObject({ remembered_until: 'forever', hints: [{ message }] });
  const known = await get('logs?user_id=none', 'DELETE');
  expect(known).toMatchObject({ status: 202, header: null });
  expect(JSON.parse(known.text)).not.toHaveProperty('hints');
});

test('a range without lines', async () => {
  const hints = await hintsOf('histogram?level=error&since=5m&until=1m');
  expect(hints.map(({ message }) => message)).toEqual(['no lines from 5m to 1m', 'since=24h: 4 lines']);
  expect(hints[1]).toMatchObject({ parameters: 'level=error&since=24h', lines: 4 });
  const old = await hintsOf('aggregate?user_id=3&pod=api-1&since=10m&until=1m');
  expect(old.at(-1)).toMatchObject({ parameters: 'user_id=3&pod=api-1&since=24h' });
});

test('the order of groups is that of their measure, in the manner of other tools, too', async () => {
  const pods = async (order: string): Promise<unknown> =>
    JSON.parse((await get(`aggregate?by=user_id&of=latency_ms&${order}`)).text);
  expect(await pods('sort=-p99')).toEqual(await pods('order=p99'));
  expect(await pods('order=-p99')).toEqual(await pods('order=p99'));
});

test('numbers of loggers are levels', async () => {
  expect(await linesOf('level>=40')).toBe(await linesOf('level>=warn'));
  expect(await linesOf('level>=40')).toBeGreaterThan(0);
});

test('names that are grouped by or measured', async () => {
  const of = await hintsOf('aggregate?by=pod&of=latencyms');
  expect(of[0]?.message).toBe('no line in the store has "latencyms"; did you mean latency_ms?');
  const by = await hintsOf('aggregate?by=pdo');
  expect(by[0]?.message).toBe('no line in the store has "pdo"; did you mean pod?');
  expect((await hintsOf('histogram?by=lvel&since=1h'))[0]?.message).toMatch(/"lvel"; did you mean level\?/);
  expect((await hintsOf('fields?name=statsu'))[0]?.message).toMatch(/"statsu"; did you mean status\?/);
  const where = await hintsOf('aggregate?where.errors=levle=error&where.fatal=levle=fatal&where.slow=latency_ms>1000');
  expect(where.map(({ message }) => message)).toEqual(['no line in the store has "levle"; did you mean level?']);
  expect((await hintsOf('aggregate?of=pod'))[0]?.message).toBe('no line of this answer has a number in "pod"');
});

test('an answer with lines has no hints, nor has one whose names are all known to have none', async () => {
  const { header } = await get('logs?level=error');
  expect(header).toBeNull();
  expect(await hintsOf('aggregate?by=level&of=latency_ms&distinct=user_id')).toEqual([]);
  // A name of an object in an array is one.
  const arrays = await hintsOf('aggregate?items.id=99');
  expect(arrays.map(({ message }) => message)).not.toContainEqual(expect.stringMatching(/has "items/));
});

test.each([
  'logs?weather=fine',
  'aggregate?weather=fine&by=pod',
  'aggregate?by=pod&distinct=user_id&having=distinct>100',
  'histogram?weather=fine&since=1h',
  'fields?weather=fine',
  'labels/weather/values?namespace=shop',
  'compare?level=error&than.weather=fine',
])('/%s: hints=false leaves advice out, and changes nothing else', async (path) => {
  const advised = await get(path);
  expect(advised.header).not.toBeNull();
  const plain = await get(`${path}&hints=false`);
  expect([plain.status, plain.header]).toEqual([200, null]);
  if (path.startsWith('logs')) return expect(plain.text).toBe(advised.text);
  const { hints, ...answer } = JSON.parse(advised.text) as { readonly hints?: readonly Hint[] };
  expect(hints).not.toEqual([]);
  expect(JSON.parse(plain.text)).toEqual(answer);
});

test('hints=maybe is refused', async () => {
  const { status, text } = await get('logs?weather=fine&hints=maybe');
  expect([status, text]).toEqual([400, expect.stringContaining('hints: \\"maybe\\" is not a boolean')]);
});

test('hints are ASCII in the header', async () => {
  expect((await get('logs?größe=1')).header).toBe('no line in the store has "gr\\u00f6\\u00dfe"');
});
