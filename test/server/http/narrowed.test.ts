/** What a token of some namespaces is answered does not depend on the lines of others: two servers, one of them without any. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { MS_PER_DAY } from '../../../shared/time.ts';
import { eventually } from '../../eventually.ts';
import { startQuietServer } from '../quiet-server.ts';
import { batchOf, type Line, TODAY } from '../engines/embedded/batches.ts';

const SHOP = 'shop-token-0123456789';
const AGENT = 'agent-token-0123456789';

let folder: string;
/** With the lines of `shop` alone, and with those of others beside them. */
let alone: Server;
let shared: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-narrowed-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const tokens = [
    { name: 'shop', token: SHOP, scopes: ['read'], namespaces: ['shop', 'empty'] },
    { name: 'agent', token: AGENT, scopes: ['agent'], nodes: ['node-1'] },
  ];
  await writeFile(tokensFile, JSON.stringify(tokens));
  const options = { access: { tokensFile }, indexedFields: ['user_id'] };
  alone = await startQuietServer(join(folder, 'alone'), options);
  shared = await startQuietServer(join(folder, 'shared'), options);
  await send(alone, OWN);
  // In the same row group as well as before and after it.
  await send(shared, foreignLines(TODAY - 40));
  await send(shared, [...foreignLines(TODAY - 3), ...OWN, ...foreignLines(TODAY + 3)]);
  await send(shared, foreignLines(0));
  await send(shared, foreignLines(TODAY + 20_000));
  // Advice has a second, which the start of workers on a busy machine takes.
  for (const server of [alone, shared]) {
    await eventually(async () => {
      const { body } = (await get(server, '/aggregate?level=none')) as { body: string };
      expect(body).toContain('hints');
    });
  }
});
afterAll(async () => {
  await Promise.all([alone.close(), shared.close()]);
  await rm(folder, { recursive: true });
});

const OWN: readonly Line[] = Array.from({ length: 40 }, (_, n) => ({
  text: `{"level":"${n % 7 === 0 ? 'error' : 'info'}","user_id":${n % 3},"request_id":"r-${n % 9}","method":"GET","status":${n % 5 === 0 ? 500 : 200},"took":${n},"message":"own ${n}"}`,
  day: TODAY,
  timeNs: n * 60e9,
  labels: { namespace: 'shop', pod: `api-${n % 2}`, container: 'api', stream: 'stdout' },
  run: { uid: `uid-${n % 2}`, container: 'api', restart: n % 3 },
}));

function foreignLines(day: number): Line[] {
  return Array.from({ length: 200 }, (_, n) => ({
    text: `{"level":"fatal","user_id":${n},"request_id":"r-${n}","method":"GET","status":500,"took":${n}.5,"secret_${n % 50}":"x","namespace":"shop","message":"own foreign"}`,
    day,
    timeNs: n * 300e9,
    labels: { namespace: n % 2 === 0 ? 'other' : 'payments', pod: `p-${n % 9}`, secret: `s${n % 5}`, stream: 'stdout' },
    // A node may say of its lines that they are of any run.
    run: { uid: `uid-${n % 3}`, container: 'api', restart: 5 + (n % 5) },
  }));
}

async function send({ url }: Server, lines: readonly Line[]): Promise<void> {
  const headers = { authorization: `Bearer ${AGENT}` };
  const response = await fetch(`${url}/agent/batch`, {
    method: 'POST',
    headers,
    body: new Uint8Array(batchOf({ lines })),
  });
  expect(response.status, await response.text()).toBe(200);
}

/** Status, headers and body; without what is of the moment. */
async function get({ url }: Server, path: string): Promise<unknown> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${SHOP}` } });
  const headers = [...response.headers]
    .filter(([name]) => name !== 'date' && name !== 'podlog-until')
    // Statistics of Loki's answers have times in them.
    .filter(([name]) => name !== 'content-length' || !/^\/(?:loki|api\/prom|explain)/.test(path))
    // Cursors are sealed with a key of the server: see test/server/store/cursor.test.ts.
    .map(([name, value]) => [name, value.replaceAll(/(since|until|cursor)=[^&>]+/g, '$1=…')]);
  const text = (await response.text()).replace(/from [\dT:.Z-]+ to [\dT:.Z-]+|"(?:since|until)":"[^"]*"/g, 'A RANGE');
  const timeless = text.replaceAll(
    /"(execTime|bytesProcessedPerSecond|linesProcessedPerSecond|took_ms)":[\d.e-]+/g,
    '"$1":0',
  );
  const body = timeless.replaceAll(/"cursor":"[\w-]{34}"/g, '"cursor":"A CURSOR"');
  return { status: response.status, headers, body };
}

const FILTERS = [
  '',
  'level=error',
  'level=fatal',
  'user_id=1',
  'user_id=150',
  'secret=s1',
  'secret_1=x',
  'namespace=other',
  'namespace=!shop',
  'namespace=empty',
  'pod=p-1',
  'pod=!api-0',
  'took=1*',
  'secrt=s1',
  'usr_id=150',
  'pod=p1',
  'status=500&level=fatal',
  'search=secret_3:x',
  'tail=5',
  'q=foreign',
  'previous=true',
  'previous=true&pod=p-1',
  'restart=1',
  'restart>=5',
  'line.run=uid-0/api/6',
  'q=own',
  'search=namespace:other',
  'search=foreign%20or%20own',
  'search=-namespace:shop%20or%20secret:*',
  'search=field.namespace:shop',
  'field.namespace=shop',
  'label.namespace=other',
  'message.shape=own*&match=all',
  'since=1970-01-01',
  'until=2100-01-01',
  'since=2026-11-01&until=2026-12-01',
  'since=2026-11-23&until=2026-11-23T00:20:00Z',
  'since=30d',
  'until=2026-11-20',
  'since=2026-11-20&until=2026-11-21',
  'since=2026-11-23T01:00:00Z&until=2026-11-24',
  'since=2026-11-26T00:10:00Z',
];

const OF_LOKI = 'start=2026-11-22T00:00:00Z&end=2026-11-25T00:00:00Z';

const ROUTES: readonly [string, readonly string[]][] = [
  [
    '/logs',
    [
      '',
      'order=oldest',
      'limit=1',
      'limit=100000',
      'per=pod&limit=2',
      'around=2026-11-23T00:20:00Z&before=3&after=2h',
      'format=csv',
      'format=json',
      'limit=0',
      'format=text',
      'columns=time,pod,secret,user_id',
      'columns=time,restart,line.run',
    ],
  ],
  ['/labels', ['']],
  ['/labels/namespace/values', ['']],
  ['/labels/pod/values', ['']],
  ['/labels/secret/values', ['']],
  ['/labels/level/values', ['']],
  [
    '/histogram',
    ['', 'step=1ms', 'step=1s', 'step=10m', 'step=7d', 'step=soon', 'by=level', 'by=secret', 'by=user_id&step=1h'],
  ],
  [
    '/aggregate',
    [
      '',
      'by=level',
      'by=namespace',
      'by=secret',
      'by=secret_1',
      'by=user_id&of=took',
      'of=took',
      'limit=1&by=took',
      'by=restart',
      'by=line.container&of=restart&having=max>1',
    ],
  ],
  [
    '/fields',
    [
      '',
      'own=false',
      'own=false&name=level&name=namespace',
      'name=secret',
      'name=secret_1',
      'name=user_id',
      'name=restart',
      'name=took&top=1000',
    ],
  ],
  ['/requests/r-1', ['', 'limit=2']],
  ['/requests/r-150', ['']],
  ['/users/1', ['', 'limit=3']],
  ['/users/150', ['']],
  ['/compare', ['level=error', 'than.level=info', 'level=error&than.q=own&name=took&name=user_id']],
  ['/patterns', ['', 'limit=1&examples=3', 'limit=200']],
  ['/stats', ['', 'by=namespace', 'by=pod']],
  ['/metrics', ['']],
  ['/erasures', ['']],
  ['/erasures/0123456789abcdef', ['']],
  ['/snapshots', ['']],
  ['/agent/positions?node=node-1', ['']],
  [
    '/loki/api/v1/query_range',
    [
      'start=2026-11-22T00:00:00Z&end=2026-11-25T00:00:00Z&query=%7Bpod%3D~%22.%2B%22%7D',
      'start=2026-11-22T00:00:00Z&end=2026-11-25T00:00:00Z&query=%7B%7D%20%7C%20json&limit=5&direction=forward',
      'start=2026-11-22T00:00:00Z&end=2026-11-25T00:00:00Z&step=1h&query=sum%20by%20(level)%20(count_over_time(%7B%7D%20%7C%20json%20%7C%20__error__=%22%22%20%5B1h%5D))',
    ],
  ],
  ['/loki/api/v1/labels', ['start=0&end=2026-11-25T00:00:00Z']],
  ['/loki/api/v1/label/secret/values', ['start=0&end=2026-11-25T00:00:00Z']],
  ['/loki/api/v1/label/namespace/values', ['start=0&end=2026-11-25T00:00:00Z']],
  ['/loki/api/v1/series', ['start=0&end=2026-11-25T00:00:00Z']],
  ['/api/prom/query', [`${OF_LOKI}&query=%7Bpod%3D~%22.%2B%22%7D&limit=1000`]],
  ['/api/prom/label', ['start=0&end=2026-11-25T00:00:00Z']],
  ['/api/prom/label/namespace/values', ['start=0&end=2026-11-25T00:00:00Z']],
  ['/api/prom/series', ['start=0&end=2026-11-25T00:00:00Z']],
  ['/loki/api/v1/detected_labels', ['start=0&end=2026-11-25T00:00:00Z', `${OF_LOKI}&query=%7Bpod%3D~%22api.%2B%22%7D`]],
  ['/loki/api/v1/detected_fields', [`${OF_LOKI}&query=%7B%7D&line_limit=1000`]],
  ['/loki/api/v1/detected_field/secret_1/values', [`${OF_LOKI}&query=%7B%7D&line_limit=1000`]],
  ['/loki/api/v1/detected_field/took/values', [`${OF_LOKI}&query=%7B%7D&line_limit=1000`]],
  ['/loki/api/v1/index/shards', [`${OF_LOKI}&query=%7B%7D`]],
  [
    '/loki/api/v1/index/stats',
    ['start=0&end=2100-01-01T00:00:00Z&query=%7B%7D', `${OF_LOKI}&query=%7Bpod!%3D%22p-1%22%7D`],
  ],
  [
    '/loki/api/v1/index/volume',
    [
      `${OF_LOKI}&query=%7B%7D`,
      `${OF_LOKI}&query=%7B%7D&targetLabels=secret`,
      `${OF_LOKI}&query=%7B%7D&targetLabels=service_name`,
      `${OF_LOKI}&query=%7B%7D&aggregateBy=labels`,
    ],
  ],
  ['/loki/api/v1/index/volume_range', [`${OF_LOKI}&query=%7B%7D&step=10m`, `${OF_LOKI}&query=%7B%7D&targetLabels=pod`]],
  ['/loki/api/v1/patterns', ['start=0&end=2026-11-28T00:00:00Z&step=1d&query=%7B%7D']],
  [
    '/explain',
    [
      'since=2026-11-22&until=2026-11-25&query=%7Bpod%3D~%22.%2B%22%7D%20%7C%20json%20%7C%20user_id=%221%22',
      'since=2026-11-22&until=2026-11-25&step=1h&query=sum%20by%20(pod)%20(count_over_time(%7Bpod%3D~%22.%2B%22%7D%20%5B1h%5D))',
      'since=2026-11-22&until=2026-11-25&run=false&query=%7Bsecret%3D%22s1%22%7D',
    ],
  ],
  ['/nope', ['']],
];

test.for(ROUTES)('%s', async ([path, parameters]) => {
  for (const parameter of parameters) {
    for (const filter of FILTERS) {
      const query = [parameter, filter].filter((part) => part !== '').join('&');
      const asked = `${path}${path.includes('?') ? '&' : '?'}${query}`;
      expect(await get(shared, asked), asked).toEqual(await get(alone, asked));
    }
  }
});

test('the lines of the year are those of the namespace', async () => {
  const { body } = (await get(shared, '/histogram?since=2026-11-22&until=2026-11-25')) as { body: string };
  const { buckets } = JSON.parse(body) as { buckets: { total: number }[] };
  expect(buckets.reduce((sum, { total }) => sum + total, 0)).toBe(OWN.length);
  expect(TODAY * MS_PER_DAY).toBe(Date.UTC(2026, 10, 23));
});
