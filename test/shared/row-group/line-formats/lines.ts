/** Lines of text for tests: what a program of each kind writes, and lines that are nearly of a kind. */
import fc from '../../../fast-check.ts';

/** Line → its fields, in the order in which they stand there. */
export const TEXT_LINES: readonly (readonly [line: string, fields: Readonly<Record<string, string>>])[] = [
  // logfmt
  [
    'time="2026-11-23T15:01:12Z" level=warning msg="took \\"long\\"" took=1.5s empty= url=/a?b=c',
    { time: '2026-11-23T15:01:12Z', level: 'warning', msg: 'took \\"long\\"', took: '1.5s', empty: '', url: '/a?b=c' },
  ],
  ['ts=1 caller=main.go:12  app.kubernetes-io_x@y=z ', { ts: '1', caller: 'main.go:12', 'app.kubernetes-io_x@y': 'z' }],
  ['a=1 a=2', { a: '2' }],
  ['a=["x y",{"z":"]"}] b={"c":1} c=[x', { a: '["x y",{"z":"]"}]', b: '{"c":1}', c: '[x' }],
  // klog
  [
    'I1123 15:01:12.123456       1 controller.go:95] "Pod started" pod="shop/api-1" took="2.5s" n=3',
    {
      level: 'I',
      time: '1123 15:01:12.123456',
      thread: '1',
      caller: 'controller.go:95',
      message: 'Pod started',
      pod: 'shop/api-1',
      took: '2.5s',
      n: '3',
    },
  ],
  [
    'E1123 15:01:12.123456   12345 reflector.go:561] "x" failed: list *v1.Pod',
    {
      level: 'E',
      time: '1123 15:01:12.123456',
      thread: '12345',
      caller: 'reflector.go:561',
      message: '"x" failed: list *v1.Pod',
    },
  ],
  [
    'F1123 15:01:12.123456 1 a.go:1]',
    { level: 'F', time: '1123 15:01:12.123456', thread: '1', caller: 'a.go:1', message: '' },
  ],
  // nginx
  [
    '2026/11/23 15:01:12 [error] 31#32: *7 open() "/x" failed (2: No such file or directory), client: 10.0.0.1',
    {
      time: '2026/11/23 15:01:12',
      level: 'error',
      pid: '31',
      thread: '32',
      connection: '7',
      message: 'open() "/x" failed (2: No such file or directory), client: 10.0.0.1',
    },
  ],
  [
    '2026/11/23 15:01:12 [notice] 1#1: start worker processes',
    { time: '2026/11/23 15:01:12', level: 'notice', pid: '1', thread: '1', message: 'start worker processes' },
  ],
  // PostgreSQL
  [
    '2026-11-23 15:01:12.123 UTC [123] LOG:  checkpoint complete',
    { time: '2026-11-23 15:01:12.123', pid: '123', level: 'LOG', message: 'checkpoint complete' },
  ],
  [
    '2026-11-23 15:01:12.123 CET [9] shop@orders ERROR:  relation "x" does not exist at character 15',
    {
      time: '2026-11-23 15:01:12.123',
      pid: '9',
      user: 'shop',
      database: 'orders',
      level: 'ERROR',
      message: 'relation "x" does not exist at character 15',
    },
  ],
  [
    '2026-11-23 15:01:12.123 UTC [9] STATEMENT:  select 1',
    { time: '2026-11-23 15:01:12.123', pid: '9', message: 'STATEMENT:  select 1' },
  ],
  // Redis
  [
    '1:M 23 Nov 2026 15:01:12.123 * Ready to accept connections tcp',
    { pid: '1', role: 'M', time: '23 Nov 2026 15:01:12.123', level: '*', message: 'Ready to accept connections tcp' },
  ],
  [
    '27:C 23 Nov 2026 15:01:12.123 # Failed opening the RDB file',
    { pid: '27', role: 'C', time: '23 Nov 2026 15:01:12.123', level: '#', message: 'Failed opening the RDB file' },
  ],
  // access logs: common, combined, with a forwarded-for, Traefik, ingress-nginx, what speaks no HTTP
  [
    '10.42.0.7 - bob [23/Nov/2026:15:01:12 +0000] "GET /api/orders HTTP/1.1" 304 -',
    {
      client_ip: '10.42.0.7',
      user: 'bob',
      time: '23/Nov/2026:15:01:12 +0000',
      method: 'GET',
      path: '/api/orders',
      protocol: 'HTTP/1.1',
      status: '304',
      bytes: '-',
    },
  ],
  [
    '::1 - - [23/Nov/2026:15:01:12 +0000] "POST /a?page=2&q=x HTTP/2.0" 200 512 "https://shop/" "curl/8.5" "10.0.0.9"',
    {
      client_ip: '::1',
      user: '-',
      time: '23/Nov/2026:15:01:12 +0000',
      method: 'POST',
      path: '/a',
      query: 'page=2&q=x',
      protocol: 'HTTP/2.0',
      status: '200',
      bytes: '512',
      referer: 'https://shop/',
      user_agent: 'curl/8.5',
      '': '"10.0.0.9"',
    },
  ],
  [
    '10.0.0.1 - - [23/Nov/2026:15:01:12 +0000] "GET / HTTP/2.0" 200 5 "-" "Mozilla/5.0 (X11)" 42 "shop@kubernetes" "http://10.42.0.9:80" 12ms',
    {
      client_ip: '10.0.0.1',
      user: '-',
      time: '23/Nov/2026:15:01:12 +0000',
      method: 'GET',
      path: '/',
      protocol: 'HTTP/2.0',
      status: '200',
      bytes: '5',
      referer: '-',
      user_agent: 'Mozilla/5.0 (X11)',
      requests: '42',
      router: 'shop@kubernetes',
      upstream: 'http://10.42.0.9:80',
      latency_ms: '12',
    },
  ],
  [
    '10.0.0.1 - - [23/Nov/2026:15:01:12 +0000] "GET / HTTP/2.0" 200 5 "-" "x" 120 0.005 [shop-api-80] [] 10.42.0.9:80 5 0.004 200 0123456789abcdef',
    {
      client_ip: '10.0.0.1',
      user: '-',
      time: '23/Nov/2026:15:01:12 +0000',
      method: 'GET',
      path: '/',
      protocol: 'HTTP/2.0',
      status: '200',
      bytes: '5',
      referer: '-',
      user_agent: 'x',
      request_bytes: '120',
      request_time: '0.005',
      upstream: 'shop-api-80',
      alternative_upstream: '',
      upstream_addr: '10.42.0.9:80',
      upstream_bytes: '5',
      upstream_time: '0.004',
      upstream_status: '200',
      request_id: '0123456789abcdef',
    },
  ],
  [
    '10.0.0.1 - - [23/Nov/2026:15:01:12 +0000] "\\x16\\x03" 400 150 "-" "-"',
    {
      client_ip: '10.0.0.1',
      user: '-',
      time: '23/Nov/2026:15:01:12 +0000',
      request: '\\x16\\x03',
      status: '400',
      bytes: '150',
      referer: '-',
      user_agent: '-',
    },
  ],
  // Envoy, Istio
  [
    '[2026-11-23T15:01:12.123Z] "GET /api?page=2 HTTP/2" 503 UF 10 512 14 - "10.0.0.1,10.0.0.2" "curl/8.5" "b3f1" "shop" "10.42.0.9:80"',
    {
      time: '2026-11-23T15:01:12.123Z',
      method: 'GET',
      path: '/api',
      query: 'page=2',
      protocol: 'HTTP/2',
      status: '503',
      flags: 'UF',
      request_bytes: '10',
      bytes: '512',
      latency_ms: '14',
      upstream_ms: '-',
      forwarded_for: '10.0.0.1,10.0.0.2',
      user_agent: 'curl/8.5',
      request_id: 'b3f1',
      host: 'shop',
      upstream_addr: '10.42.0.9:80',
    },
  ],
  [
    '[2026-11-23T15:01:12.123Z] "POST /api HTTP/1.1" 200 - via_upstream - "-" 5 6 7 6 "-" "Go" "b3f1" "shop:80" "10.42.0.9:80" outbound|80||shop.default.svc.cluster.local 10.42.0.7:1 10.43.0.9:80 10.42.0.7:2 - default',
    {
      time: '2026-11-23T15:01:12.123Z',
      method: 'POST',
      path: '/api',
      protocol: 'HTTP/1.1',
      status: '200',
      flags: '-',
      details: 'via_upstream',
      termination: '-',
      failure: '-',
      request_bytes: '5',
      bytes: '6',
      latency_ms: '7',
      upstream_ms: '6',
      forwarded_for: '-',
      user_agent: 'Go',
      request_id: 'b3f1',
      host: 'shop:80',
      upstream_addr: '10.42.0.9:80',
      upstream: 'outbound|80||shop.default.svc.cluster.local',
      upstream_local_addr: '10.42.0.7:1',
      local_addr: '10.43.0.9:80',
      remote_addr: '10.42.0.7:2',
      server_name: '-',
      route: 'default',
    },
  ],
  [
    '[2026-11-23T15:01:12.123Z] "- - -" 0 - 0 0 5 - "-" "-" "-" "-" "10.0.0.9:3306" more of it',
    {
      time: '2026-11-23T15:01:12.123Z',
      request: '- - -',
      status: '0',
      flags: '-',
      request_bytes: '0',
      bytes: '0',
      latency_ms: '5',
      upstream_ms: '-',
      forwarded_for: '-',
      user_agent: '-',
      request_id: '-',
      host: '-',
      upstream_addr: '10.0.0.9:3306',
      '': 'more of it',
    },
  ],
  // Apache's error log
  [
    '[Mon Nov 23 15:01:12.123456 2026] [core:error] [pid 7:tid 140] [client 10.0.0.1:5] AH00037: Symbolic link not allowed',
    {
      time: 'Mon Nov 23 15:01:12.123456 2026',
      module: 'core',
      level: 'error',
      pid: '7',
      thread: '140',
      client: '10.0.0.1:5',
      message: 'AH00037: Symbolic link not allowed',
    },
  ],
  [
    '[Mon Nov  2 15:01:12 2026] [notice] ready',
    { time: 'Mon Nov  2 15:01:12 2026', level: 'notice', message: 'ready' },
  ],
  // MySQL, MariaDB
  [
    '2026-11-23T15:01:12.123456Z 0 [System] [MY-010116] [Server] mysqld starting',
    {
      time: '2026-11-23T15:01:12.123456Z',
      thread: '0',
      level: 'System',
      code: 'MY-010116',
      subsystem: 'Server',
      message: 'mysqld starting',
    },
  ],
  [
    '2026-11-23 15:01:12 17 [Warning] Aborted connection',
    { time: '2026-11-23 15:01:12', thread: '17', level: 'Warning', message: 'Aborted connection' },
  ],
  // syslog
  ['<3>disk failed', { level: '<3>', message: 'disk failed' }],
  [
    '<34>Nov  3 15:01:12 web-1 su[12]: failed for root',
    { level: '<34>', time: 'Nov  3 15:01:12', host: 'web-1', app: 'su', pid: '12', message: 'failed for root' },
  ],
  ['Nov 23 15:01:12 web-1 kernel: oom', { time: 'Nov 23 15:01:12', host: 'web-1', app: 'kernel', message: 'oom' }],
  [
    '<165>1 2026-11-23T15:01:12.003Z web-1 evntslog - ID47 [a@1 b="c"][d@1] An event',
    {
      level: '<165>',
      time: '2026-11-23T15:01:12.003Z',
      host: 'web-1',
      app: 'evntslog',
      message_id: 'ID47',
      data: '[a@1 b="c"][d@1]',
      message: 'An event',
    },
  ],
  [
    '<14>2026-11-23T15:01:12.003+01:00 web-1 app[12]: x',
    { level: '<14>', time: '2026-11-23T15:01:12.003+01:00', host: 'web-1', app: 'app', pid: '12', message: 'x' },
  ],
  // zap
  [
    '2026-11-23T15:01:12.123Z\tINFO\tcontroller-runtime.metrics\tserver/server.go:185\tServing metrics\t{"bindAddress": ":8080", "secure": false}',
    {
      time: '2026-11-23T15:01:12.123Z',
      level: 'INFO',
      logger: 'controller-runtime.metrics',
      caller: 'server/server.go:185',
      message: 'Serving metrics',
      bindAddress: ':8080',
      secure: 'false',
    },
  ],
  [
    '1.795446072123e+09\t\x1b[31mERROR\x1b[0m\tReconciler error\t{"name": "x"}',
    { time: '1.795446072123e+09', level: 'ERROR', message: 'Reconciler error', name: 'x' },
  ],
  [
    '2026-11-23T15:01:12.123Z\tINFO\tready\t{"n": 1}',
    { time: '2026-11-23T15:01:12.123Z', level: 'INFO', message: 'ready', n: '1' },
  ],
  [
    '2026-11-23T15:01:12.123Z\tWARN\tmain.go:3\tslow',
    { time: '2026-11-23T15:01:12.123Z', level: 'WARN', caller: 'main.go:3', message: 'slow' },
  ],
  // exceptions
  [
    'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: x',
    { level: 'Traceback', message: '(most recent call last):\n  File "a.py", line 1, in <module>\nValueError: x' },
  ],
  [
    '  + Exception Group Traceback (most recent call last):\n  |   File "a.py", line 1',
    {
      '': '  + Exception Group ',
      level: 'Traceback',
      message: '(most recent call last):\n  |   File "a.py", line 1',
    },
  ],
  [
    "thread 'main' panicked at src/main.rs:2:5:\nindex out of bounds",
    { '': "thread 'main' ", level: 'panicked', message: 'at src/main.rs:2:5:\nindex out of bounds' },
  ],
  [
    "thread 'tokio-worker' (17) panicked at src/main.rs:2:5:",
    { '': "thread 'tokio-worker' (17) ", level: 'panicked', message: 'at src/main.rs:2:5:' },
  ],
  ['Uncaught TypeError: x is null', { '': 'Uncaught Type', level: 'Error', message: 'x is null' }],
  [
    'Uncaught (in promise) shop.StockError: none left',
    { '': 'Uncaught (in promise) shop.Stock', level: 'Error', message: 'none left' },
  ],
  ['Unhandled rejection TypeError: x', { '': 'Unhandled rejection Type', level: 'Error', message: 'x' }],
  [
    'Exception in thread "main" java.lang.IllegalStateException: x\n\tat a.B.c(B.java:1)',
    { level: 'Exception', message: 'in thread "main" java.lang.IllegalStateException: x\n\tat a.B.c(B.java:1)' },
  ],
  [
    'Unhandled exception. System.InvalidOperationException: x\n   at A.B()',
    { '': 'Unhandled ', level: 'exception', message: '. System.InvalidOperationException: x\n   at A.B()' },
  ],
  ['java.io.IOException: no route', { '': 'java.io.IO', level: 'Exception', message: 'no route' }],
  [
    'Npgsql.PostgresException (0x80004005): 23505: duplicate key',
    { '': 'Npgsql.Postgres', level: 'Exception', message: '(0x80004005): 23505: duplicate key' },
  ],
  ['Shop.Store+FullException: no room', { '': 'Shop.Store+Full', level: 'Exception', message: 'no room' }],
  [
    'TypeError: x is not a function\n    at a.js:1',
    { '': 'Type', level: 'Error', message: 'x is not a function\n    at a.js:1' },
  ],
  // Celery
  [
    '[2026-11-27 10:00:00,123: ERROR/ForkPoolWorker-1] Task t[1] raised WARNING: ValueError()',
    {
      time: '2026-11-27 10:00:00,123',
      level: 'ERROR',
      process: 'ForkPoolWorker-1',
      message: 'Task t[1] raised WARNING: ValueError()',
    },
  ],
  [
    '[2026-11-27 10:00:00,123: INFO/MainProcess] celery@host ready.',
    { time: '2026-11-27 10:00:00,123', level: 'INFO', process: 'MainProcess', message: 'celery@host ready.' },
  ],
  ['[2026-11-27 10:00:00,123: INFO/a b] x', { time: '2026-11-27 10:00:00,123', message: 'INFO/a b] x' }],
  // What says that there is no error
  ['2026-11-27T10:00:00Z done, error: none', { time: '2026-11-27T10:00:00Z', message: 'done, error: none' }],
  ['2026-11-27T10:00:00Z done (error: null)', { time: '2026-11-27T10:00:00Z', message: 'done (error: null)' }],
  [
    '2026-11-27T10:00:00Z done, error: <nil>, 3 rows',
    { time: '2026-11-27T10:00:00Z', message: 'done, error: <nil>, 3 rows' },
  ],
  [
    '2026-11-27T10:00:00Z done, error: nonesuch',
    { time: '2026-11-27T10:00:00Z', '': 'done, ', level: 'error', message: 'nonesuch' },
  ],
  // Fluent Bit, Monolog, NATS
  [
    '[2026/11/23 15:01:12] [ info] [engine] started',
    { time: '2026/11/23 15:01:12', '': '[ ', level: 'info', message: '[engine] started' },
  ],
  [
    '[2026-11-23T15:01:12.123456+00:00] production.ERROR: no stock {"user_id":7} []',
    {
      time: '2026-11-23T15:01:12.123456+00:00',
      '': '[]',
      level: 'ERROR',
      message: 'no stock',
      user_id: '7',
    },
  ],
  [
    '[1] 2026/11/23 15:01:12.123456 [INF] Server is ready',
    { pid: '1', time: '2026/11/23 15:01:12.123456', '': '[', level: 'INF', message: 'Server is ready' },
  ],
  // a time and a level in any text
  [
    '2026-11-23 15:01:12,123 - worker - WARNING - queue is long',
    { time: '2026-11-23 15:01:12,123', '': 'worker - ', level: 'WARNING', message: 'queue is long' },
  ],
  [
    '2026-11-23T15:01:12.123+01:00  INFO 1 --- [main] c.e.App : Started',
    { time: '2026-11-23T15:01:12.123+01:00', level: 'INFO', message: '1 --- [main] c.e.App : Started' },
  ],
  [
    '[2026-11-23T15:01:12,000][WARN ][o.e.n.Node] [x] -1 left',
    { time: '2026-11-23T15:01:12,000', '': '[', level: 'WARN', message: '[o.e.n.Node] [x] -1 left' },
  ],
  ['2026/11/23 15:01:12 http: proxy error', { time: '2026/11/23 15:01:12', message: 'http: proxy error' }],
  ['[ERROR] -1 is no port', { '': '[', level: 'ERROR', message: '-1 is no port' }],
  ['INFO:     127.0.0.1 - "GET / HTTP/1.1" 200 OK', { level: 'INFO', message: '127.0.0.1 - "GET / HTTP/1.1" 200 OK' }],
  ['fail: Microsoft.Hosting[0]', { level: 'fail', message: 'Microsoft.Hosting[0]' }],
  ['error: no such file', { level: 'error', message: 'no such file' }],
  [
    'fatal error: all goroutines are asleep - deadlock!',
    { level: 'fatal', message: 'error: all goroutines are asleep - deadlock!' },
  ],
  ['panic: runtime error\n\ngoroutine 1', { level: 'panic', message: 'runtime error\n\ngoroutine 1' }],
  ['psql: error: no connection', { '': 'psql: ', level: 'error', message: 'no connection' }],
  ['Uncaught Error: x', { '': 'Uncaught ', level: 'Error', message: 'x' }],
  ['app ready level=error why', { '': 'app ready level=', level: 'error', message: 'why' }],
  [
    '\x1b[90m3:04PM\x1b[0m \x1b[32mINF\x1b[0m ready',
    { '': '\x1b[90m3:04PM\x1b[0m \x1b[32m', level: 'INF', message: 'ready' },
  ],
  ['\x1b[32minfo\x1b[39m: hello', { '': '\x1b[32m', level: 'info', message: 'hello' }],
];

/** Without fields, though something in them looks like one. */
export const PLAIN_LINES: readonly string[] = [
  '',
  'hello',
  'PATH=/usr/bin',
  'took x=1 of y=2',
  'x=1 y="unfinished',
  'a=b"c d=e',
  'a=[1 2]x b=1',
  'x=1 y=a\nb',
  'I1123 15:01:12.12345 1 a.go:1] x',
  'X1123 15:01:12.123456 1 a.go:1] x',
  'ERRORS and INFOrmation, no errors, an error none',
  'see there for more info: x, and debug: y',
  '/INFO/x',
  `${'x '.repeat(48)}ERROR`,
  `${'x'.repeat(93)} INFOrmation`,
  'first line\nERROR second',
  '10.0.0.1 - - [yesterday] "GET / HTTP/1.1" 200 5',
  '1:M 23 Nov 2026 15:01:12 * x',
  '{INFO}',
  '<192>x',
  'Exceptional news: no Error',
  'Exception (a word): text',
  'Exception (11',
  'Exception (11) is rare',
  'app.ERROR handler',
  "thread 'main' started, none panicked",
  'Uncaught exceptions: none',
  '  + Exception Group of errors',
];

const samples = [...TEXT_LINES.map(([line]) => line), ...PLAIN_LINES];

/** A line of some kind, often damaged in one place. */
export const textLine: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...samples),
  fc
    .tuple(
      fc.constantFrom(...samples),
      fc.nat(200),
      fc.nat(3),
      fc.constantFrom('', ' ', '"', '=', '7', ']', 'ERROR', '\n', '\\'),
    )
    .map(([line, at, length, put]) => line.slice(0, at) + put + line.slice(at + length)),
);
