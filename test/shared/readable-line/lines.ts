/** Lines of many loggers, and their rows. The table of all that shows lines: the server, the command line and the page. */
import type { Labels } from '../../../shared/labels.ts';

export interface Case {
  readonly line: string;
  /** The row after time, level and pod. */
  readonly row: string;
  readonly labels?: Labels;
  readonly flags?: readonly string[];
}

const of = (...cases: readonly (readonly [line: string, row: string])[]): Case[] =>
  cases.map(([line, row]) => ({ line, row }));

/** Logger → lines. */
export const ROWS: Readonly<Record<string, readonly Case[]>> = {
  zerolog: of(
    [
      '{"level":"error","method":"POST","path":"/api/checkout","status":502,"latency_ms":1523.4,"upstream":"api","user_id":12345,"request_id":"f14cb053-088b-4a5e-9d0e-1c2b3a495867","time":"2026-11-23T20:11:01Z","message":"request"}',
      'POST /api/checkout 502 1.52 s upstream=api user_id=12345 request_id=f14cb053',
    ],
    [
      '{"level":"error","amount":19.99,"error":{"kind":"timeout","provider":{"name":"acme-pay","region":"eu-1"},"after_ms":1500},"stack":"payments.Charge\\n\\t/src/client.go:118\\n","user_id":7,"request_id":"f14cb053","message":"charge failed: deadline exceeded"}',
      'charge failed: deadline exceeded error.kind=timeout amount=19.99 error.provider.name=acme-pay error.provider.region=eu-1 error.after 1.5 s stack="payments.Charge⏎ /src/client.go:118⏎" user_id=7 request_id=f14cb053',
    ],
    [
      '{"level":"warn","provider":"acme-pay","message":"charge timeout, retry 2 of 2"}',
      'charge timeout, retry 2 of 2 provider=acme-pay',
    ],
    [
      '{"level":"info","job":"send-receipt","attempt":1,"duration_ms":43,"message":"job done"}',
      'job done job=send-receipt attempt=1 duration 43 ms',
    ],
    [
      '{"level":"debug","component":"db","query":"SELECT id, name, price FROM products WHERE id = $1","message":"query"}',
      'query component=db query="SELECT id, name, price FROM products WH…"',
    ],
    ['{"level":"info","message":""}', ''],
    [
      '{"level":"error","error":"dial tcp 10.42.0.9:5432: connect: connection refused","message":"no database"}',
      'no database error="dial tcp 10.42.0.9:5432: connect: connection refused"',
    ],
    ['{"level":"error","error":"no route","message":"sending failed: no route"}', 'sending failed: no route'],
    ['{"level":"error","error":"no route"}', 'error="no route"'],
  ),
  zap: of(
    [
      '{"level":"info","ts":1795446072.1234,"caller":"server/server.go:185","msg":"served","method":"GET","path":"/healthz","status":200,"duration":0.00123}',
      'GET /healthz 200 duration=0.00123',
    ],
    [
      '{"level":"error","ts":"2026-11-23T15:01:12.123Z","logger":"controller.pod","caller":"c.go:12","msg":"Reconciler error","namespace":"shop","name":"api","error":"conflict","stacktrace":"sigs.k8s.io/x\\n\\t/go/x.go:1"}',
      'Reconciler error error=conflict namespace=shop name=api stacktrace="sigs.k8s.io/x⏎ /go/x.go:1"',
    ],
    [
      '2026-11-23T15:01:12.123Z\tINFO\tcontroller-runtime.metrics\tserver/server.go:185\tServing metrics\t{"bindAddress": ":8080", "secure": false}',
      'Serving metrics bindAddress=:8080 secure=false',
    ],
    ['1.795446072123e+09\t\u001b[31mERROR\u001b[0m\tReconciler error\t{"name": "x"}', 'Reconciler error name=x'],
    ['2026-11-23T15:01:12.123Z\tINFO\tready\t{"n": 1}', 'ready n=1'],
    ['2026-11-23T15:01:12.123Z\tWARN\tmain.go:3\tslow', 'slow'],
  ),
  slog: of(
    [
      '{"time":"2026-11-23T15:01:12.123Z","level":"INFO","source":{"function":"main.main","file":"/src/main.go","line":12},"msg":"listening","addr":":8080"}',
      'listening source.function=main.main source.file=/src/main.go source.line=12 addr=:8080',
    ],
    [
      '{"time":"2026-11-23T15:01:12.123Z","level":"INFO","msg":"request finished","method":"GET","path":"/a?b=c","status":404,"took":"1.5s"}',
      'GET /a 404 1.5 s query=b=c',
    ],
    [
      'time=2026-11-23T15:01:12.123Z level=WARN msg="slow query" took=1.523456789s rows=3',
      'slow query took 1.52 s rows=3',
    ],
    ['time=2026-11-23T15:01:12.123Z level=ERROR+2 msg=failed err="context canceled"', 'failed err="context canceled"'],
  ),
  pino: of(
    ['{"level":30,"time":1795446072123,"pid":1,"hostname":"web-1","msg":"hello"}', 'hello'],
    [
      '{"level":30,"time":1795446072123,"pid":1,"hostname":"web-1","req":{"id":7,"method":"GET","url":"/users/1?full=1"},"res":{"statusCode":200},"responseTime":12,"msg":"request completed"}',
      'GET /users/1 200 12 ms query=full=1 req.id=7',
    ],
    [
      '{"level":50,"time":1795446072123,"err":{"type":"TypeError","message":"x is not a function","stack":"TypeError: x is not a function\\n    at a.js:1"},"msg":"x is not a function"}',
      'x is not a function err.type=TypeError err.stack="TypeError: x is not a function⏎    at a…"',
    ],
  ),
  'logrus, winston, bunyan': of(
    ['{"level":"warning","msg":"took long","took":"250ms","time":"2026-11-23T15:01:12Z"}', 'took long took 250 ms'],
    [
      'time="2026-11-23T15:01:12Z" level=warning msg="took \\"long\\"" took=1.5s empty= url=/a?b=c',
      'took "long" took 1.5 s url=/a?b=c',
    ],
    [
      '{"level":"info","message":"started","service":"shop","timestamp":"2026-11-23T15:01:12Z","port":8080}',
      'started port=8080',
    ],
    [
      '{"name":"shop","hostname":"h","pid":1,"level":40,"msg":"low disk","time":"2026-11-23T15:01:12Z","v":0,"free_bytes":1500000000}',
      'low disk name=shop free 1.5 GB',
    ],
  ),
  'Serilog, .NET, hclog, Monolog, ECS, Google Cloud, MongoDB': of(
    ['{"@level":"error","@message":"plugin exited","@module":"core"}', 'plugin exited @module=core'],
    ['{"version":"1.1","host":"h","short_message":"disk full","level":3,"_disk":"sda"}', 'disk full _disk=sda'],
    ['{"@t":"2026-11-23T15:01:12Z","@mt":"{Count} orders","Count":3}', '{Count} orders Count=3'],
    ['{"Timestamp":"2026-11-23T15:01:12Z","LogLevel":"Warning","Message":"slow","State":{"n":1}}', 'slow State.n=1'],
    [
      '{"message":"no stock","context":{"user_id":7},"level":400,"level_name":"ERROR","channel":"app","datetime":"2026-11-23T15:01:12Z"}',
      'no stock context.user_id=7 channel=app',
    ],
    [
      '{"@timestamp":"2026-11-23T15:01:12Z","log.level":"error","message":"failed","error.message":"no route","error.type":"IOException","trace.id":"0af7651916cd43dd8448eb211c80319c"}',
      'failed error.message="no route" error.type=IOException trace.id=0af76519',
    ],
    [
      '{"severity":"ERROR","message":"failed","httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.example/a?b=1","status":500,"latency":"0.12s"}}',
      'GET https://shop.example/a 500 120 ms failed query=b=1',
    ],
    [
      '{"t":{"$date":"2026-11-23T15:01:12.123+00:00"},"s":"W","c":"NETWORK","id":22943,"ctx":"listener","msg":"Connection accepted","attr":{"remote":"10.0.0.1:5","connectionCount":3}}',
      'Connection accepted c=NETWORK id=22943 ctx=listener attr.remote=10.0.0.1:5 attr.connectionCount=3',
    ],
    ['{"event":"order placed","level":"info","order":7,"timestamp":"2026-11-23T15:01:12Z"}', 'order placed order=7'],
    [
      '{"kind":"Event","verb":"get","requestURI":"/api/v1/pods?limit=5","responseStatus":{"code":200}}',
      'get /api/v1/pods query=limit=5 kind=Event responseStatus.code=200',
    ],
  ),
  Traefik: of(
    [
      '{"ClientAddr":"10.42.0.1:5","ClientHost":"10.42.0.1","ClientPort":"5","ClientUsername":"-","DownstreamContentSize":1532,"DownstreamStatus":503,"Duration":1523400000,"OriginContentSize":1,"OriginDuration":1,"OriginStatus":503,"Overhead":2,"RequestAddr":"shop.example","RequestContentSize":0,"RequestCount":42,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/api/cart?full=1","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RetryAttempts":0,"RouterName":"shop@kubernetes","ServiceAddr":"10.42.0.9:80","ServiceName":"shop-api","StartUTC":"2026-11-23T15:01:12Z","level":"info","msg":"","time":"2026-11-23T15:01:12Z"}',
      'GET /api/cart 503 1.52 s query=full=1 ServiceName=shop-api ClientHost=10.42.0.1 DownstreamContentSize 1.53 kB',
    ],
    [
      '{"level":"warn","providerName":"kubernetescrd","time":"2026-11-23T15:01:12Z","message":"Cross-namespace reference is not allowed"}',
      'Cross-namespace reference is not allowed providerName=kubernetescrd',
    ],
    [
      '10.0.0.1 - - [23/Nov/2026:15:01:12 +0000] "GET / HTTP/2.0" 200 5 "-" "Mozilla/5.0 (X11)" 42 "shop@kubernetes" "http://10.42.0.9:80" 12ms',
      'GET / 200 12 ms upstream=http://10.42.0.9:80 client_ip=10.0.0.1 bytes 5 B',
    ],
  ),
  logfmt: of(
    ['ts=1 caller=main.go:12  app.kubernetes-io_x@y=z ', 'app.kubernetes-io_x@y=z'],
    [
      'level=info component=tsdb msg="Head GC completed" duration=12.345678ms',
      'Head GC completed component=tsdb duration 12.3 ms',
    ],
    ['a=["x y",{"z":"]"}] b={"c":1} c=[x', 'a=["x y",{"z":"]"}] b={"c":1} c=[x'],
    ['level=info method=GET path=/x status=200 latency_ms=5', 'GET /x 200 5 ms'],
  ),
  klog: of(
    [
      'I1123 15:01:12.123456       1 controller.go:95] "Pod started" pod="shop/api-1" took="2.5s" n=3',
      'Pod started pod=shop/api-1 took 2.5 s n=3',
    ],
    ['E1123 15:01:12.123456   12345 reflector.go:561] "x" failed: list *v1.Pod', '"x" failed: list *v1.Pod'],
    [
      'E1123 15:01:12.123456       1 leaderelection.go:332] "Failed to update lock" err="Put \\"https://10.43.0.1\\": timeout"',
      'Failed to update lock err="Put \\"https://10.43.0.1\\": timeout"',
    ],
    ['F1123 15:01:12.123456 1 a.go:1]', ''],
  ),
  'access logs': of(
    [
      '10.42.0.7 - bob [23/Nov/2026:15:01:12 +0000] "GET /api/orders HTTP/1.1" 304 -',
      'GET /api/orders 304 client_ip=10.42.0.7',
    ],
    [
      '::1 - - [23/Nov/2026:15:01:12 +0000] "POST /a?page=2&q=x HTTP/2.0" 200 512 "https://shop/" "curl/8.5" "10.0.0.9"',
      'POST /a 200 client_ip=::1 bytes 512 B',
    ],
    [
      '10.0.0.1 - - [23/Nov/2026:15:01:12 +0000] "GET / HTTP/2.0" 200 5 "-" "x" 120 0.005 [shop-api-80] [] 10.42.0.9:80 5 0.004 200 0123456789abcdef',
      'GET / 200 5 ms upstream=shop-api-80 client_ip=10.0.0.1 bytes 5 B request_id=01234567',
    ],
    [
      '10.0.0.1 - - [23/Nov/2026:15:01:12 +0000] "\\x16\\x03" 400 150 "-" "-"',
      'client_ip=10.0.0.1 request=\\x16\\x03 status=400 bytes=150',
    ],
    [
      '[2026-11-23T15:01:12.123Z] "GET /api?page=2 HTTP/2" 503 UF 10 512 14 - "10.0.0.1" "curl/8.5" "b3f1" "shop" "10.42.0.9:80"',
      'GET /api 503 14 ms flags=UF upstream_addr=10.42.0.9:80 bytes 512 B request_id=b3f1',
    ],
    [
      '[2026-11-23T15:01:12.123Z] "POST /api HTTP/1.1" 200 - via_upstream - "-" 5 6 7 6 "-" "Go" "b3f1" "shop:80" "10.42.0.9:80" outbound|80||shop 10.42.0.7:1 10.43.0.9:80 10.42.0.7:2 - default',
      'POST /api 200 7 ms upstream=outbound|80||shop upstream_addr=10.42.0.9:80 bytes 6 B request_id=b3f1',
    ],
    ['INFO:     127.0.0.1 - "GET / HTTP/1.1" 200 OK', '127.0.0.1 - "GET / HTTP/1.1" 200 OK'],
  ),
  'heads of requests': of(
    ['{"method":"GET","path":"/a","message":"GET /a 200 12ms","status":200}', 'GET /a 200'],
    ['{"method":"GET","path":"/a","message":"GET /a HTTP/1.1 (200)","status":200}', 'GET /a 200'],
    ['{"method":"GET","path":"/a","message":"GET /a was retried","status":200}', 'GET /a 200 GET /a was retried'],
    ['{"method":"GET","path":"/a","message":"Request completed"}', 'GET /a'],
    ['{"method":"GET","path":"/a","message":"incoming request"}', 'GET /a incoming request'],
    ['{"status":200,"message":"one part is no head"}', 'one part is no head status=200'],
    ['{"method":"/shop.Cart/Add","status":"ok","message":"grpc"}', 'grpc method=/shop.Cart/Add status=ok'],
    ['{"method":"get","url":"/a","status":200}', 'get /a 200'],
    [
      '{"method":"GET","path":"/api/v1/namespaces/kube-system/pods/coredns-5dd5756b68-x7k2p/log","status":200}',
      'GET /api/v1/namespaces/k…dd5756b68-x7k2p/log 200',
    ],
  ),
  'nginx error': of(
    [
      '2026/11/23 15:01:12 [error] 31#32: *7 open() "/x" failed (2: No such file or directory), client: 10.0.0.1, server: _, request: "GET /x HTTP/1.1", upstream: "http://10.42.0.9:80/x", host: "shop.example"',
      'open() "/x" failed (2: No such file or directory) client=10.0.0.1 server=_ request="GET /x HTTP/1.1" upstream=http://10.42.0.9:80/x host=shop.example connection=7',
    ],
    ['2026/11/23 15:01:12 [notice] 1#1: start worker processes', 'start worker processes'],
  ),
  PostgreSQL: of(
    ['2026-11-23 15:01:12.123 UTC [123] LOG:  checkpoint complete', 'checkpoint complete'],
    [
      '2026-11-23 15:01:12.123 CET [9] shop@orders ERROR:  relation "x" does not exist at character 15',
      'relation "x" does not exist at character 15 user=shop database=orders',
    ],
    ['2026-11-23 15:01:12.123 UTC [9] STATEMENT:  select 1', 'STATEMENT:  select 1'],
    [
      '2026-11-23 15:01:12.123 UTC [9] LOG:  duration: 1532.4 ms  statement: SELECT *\n  FROM orders',
      '1.53 s SELECT * ▸ 1 more line',
    ],
    ['2026-11-23 15:01:12.123 UTC [9] LOG:  duration: 0.532 ms', '532 µs'],
    ['2026-11-23 15:01:12.123 UTC [9] LOG:  duration: 12 ms  execute <unnamed>: SELECT 1', '12 ms SELECT 1'],
  ),
  'Redis, MySQL, Apache, syslog': of(
    ['1:M 23 Nov 2026 15:01:12.123 * Ready to accept connections tcp', 'Ready to accept connections tcp role=M'],
    [
      '2026-11-23T15:01:12.123456Z 0 [System] [MY-010116] [Server] mysqld starting',
      'mysqld starting code=MY-010116 subsystem=Server',
    ],
    ['2026-11-23 15:01:12 17 [Warning] Aborted connection', 'Aborted connection'],
    [
      '[Mon Nov 23 15:01:12.123456 2026] [core:error] [pid 7:tid 140] [client 10.0.0.1:5] AH00037: Symbolic link not allowed',
      'AH00037: Symbolic link not allowed module=core client=10.0.0.1:5',
    ],
    ['[Mon Nov  2 15:01:12 2026] [notice] ready', 'ready'],
    ['<3>disk failed', 'disk failed'],
    ['<34>Nov  3 15:01:12 web-1 su[12]: failed for root', 'failed for root app=su'],
    [
      '<165>1 2026-11-23T15:01:12.003Z web-1 evntslog - ID47 [a@1 b="c"] An event',
      'An event app=evntslog message_id=ID47 data=[a@1 b="c"]',
    ],
  ),
  'entries of several lines': of(
    [
      'panic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7',
      'panic: runtime error: index out of range [3] ▸ 3 more lines',
    ],
    [
      'fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:',
      'fatal error: all goroutines are asleep - deadlock! ▸ 1 more line',
    ],
    [
      'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: no stock\n',
      'ValueError: no stock ▸ 3 more lines',
    ],
    [
      '2026-11-23 15:01:12,123 ERROR order failed\nTraceback (most recent call last):\n  File "a.py", line 1\nValueError: no stock',
      'order failed ValueError: no stock ▸ 2 more lines',
    ],
    [
      'Exception in thread "main" java.lang.IllegalStateException: x\n\tat a.B.c(B.java:1)\nCaused by: java.io.IOException: y\n\tat d\nCaused by: java.net.ConnectException: refused\n\t... 3 more',
      'Exception in thread "main" java.lang.IllegalStateException: x Caused by: java.net.ConnectException: refused ▸ 4 more lines',
    ],
    [
      '2026-11-23T15:01:12.123+01:00 ERROR 1 --- [main] c.e.App : order failed\njava.io.IOException: no route\n\tat a.B.c(B.java:1)',
      '1 --- [main] c.e.App : order failed java.io.IOException: no route ▸ 1 more line',
    ],
    ['java.io.IOException: no route', 'java.io.IOException: no route'],
    ['TypeError: x is not a function\n    at a.js:1', 'TypeError: x is not a function ▸ 1 more line'],
    [
      'Unhandled exception. System.InvalidOperationException: x\n   at A.B()',
      'Unhandled exception. System.InvalidOperationException: x ▸ 1 more line',
    ],
    [
      '{"level":"error","message":"failed\\nTraceback (most recent call last):\\n  x\\nKeyError: 7"}',
      'failed KeyError: 7 ▸ 2 more lines',
    ],
  ),
  'other text': of(
    ['hello', 'hello'],
    ['', ''],
    ['PATH=/usr/bin', 'PATH=/usr/bin'],
    ['2026-11-23 15:01:12,123 - worker - WARNING - queue is long', 'worker queue is long'],
    ['[2026-11-23T15:01:12,000][WARN ][o.e.n.Node] [x] -1 left', '[o.e.n.Node] [x] -1 left'],
    [
      '2026/11/23 15:01:12 http: TLS handshake error from 10.42.0.17:51234: EOF',
      'http: TLS handshake error from 10.42.0.17:51234: EOF',
    ],
    ['[ERROR] -1 is no port', '-1 is no port'],
    ['error: no such file', 'no such file'],
    ['psql: error: no connection', 'psql: error: no connection'],
    ['Uncaught Error: x', 'Uncaught Error: x'],
    ['app ready level=error why', 'app ready why'],
    ['2026-11-27T10:00:00Z done, error: nonesuch', 'done, error: nonesuch'],
    ['[2026/11/23 15:01:12] [ info] [engine] started', '[engine] started'],
    ['[2026-11-23T15:01:12.123456+00:00] production.ERROR: no stock {"user_id":7} []', 'production no stock user_id=7'],
    ['[1] 2026/11/23 15:01:12.123456 [INF] Server is ready', 'Server is ready'],
    ['[2026-11-27 10:00:00,123: ERROR/ForkPoolWorker-1] Task t[1] raised', 'Task t[1] raised process=ForkPoolWorker-1'],
    ['request done: {"user":7,"took":"5ms"}', 'request done user=7 took 5 ms'],
    ['app | {"level":"info","msg":"x","n":1}', 'x n=1'],
    ['\u001b[90m3:04PM\u001b[0m \u001b[32mINF\u001b[0m ready \u001b[36mport=\u001b[0m80', '3:04PM ready port=80'],
    ['\u001b[32minfo\u001b[39m: hello', 'hello'],
    ['{INFO}', '{INFO}'],
  ),
  'values as they are written': of(
    [
      '{"id":12345678901234567890,"price":1.10,"big":1e5,"zero":-0,"ok":true,"message":"m"}',
      'm id=12345678901234567890 price=1.10 big=1e5 zero=-0 ok=true',
    ],
    ['{"n_ms":12345678901234567890,"message":"m"}', 'm n_ms=12345678901234567890'],
    ['{"items":[1,2,3],"none":[],"nothing":{},"null":null,"dash":"-","empty":"","message":"m"}', 'm items=[1,2,3]'],
    ['{"a":{"b":{"c":{"d":1}}},"message":"m"}', 'm a.b.c.d=1'],
    ['{"a":1,"a":2,"message":"m"}', 'm a=2'],
    ['{"text":"two words","quoted":"say \\"hi\\"","message":"m"}', 'm text="two words" quoted="say \\"hi\\""'],
    [
      '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"message":"m"}',
      'm a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 +2',
    ],
    [`{"long":"${'x'.repeat(300)}","a":1,"message":"m"}`, 'm a=1 long=xxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxx'],
    [`{"ids":[${Array.from({ length: 412 }, (_, i) => i).join(',')}],"message":"m"}`, 'm ids=[412 items]'],
    [`{"one":["${'y'.repeat(60)}"],"message":"m"}`, 'm one=[1 item]'],
    [
      '{"hash":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","message":"m"}',
      'm hash=9f86d081884c7d659a2f…22cd15d6c15b0f00a08',
    ],
    [
      '{"sql":"a text of many words that is cut where it is longest","message":"m"}',
      'm sql="a text of many words that is cut where …"',
    ],
  ),
  units: of(
    [
      '{"a_ms":0,"b_ms":0.0123,"c_us":850,"d_ns":1500,"e_s":59.99,"f_s":125,"g_seconds":11220,"h_seconds":176400,"message":"m"}',
      'm a 0 s b 12.3 µs c 850 µs d 1.5 µs e 1 min 00 s f 2 min 05 s g 3 h 07 min h 2 d 01 h',
    ],
    [
      '{"a_ms":999.9,"b_ms":-5,"c_bytes":1,"d_bytes":999999,"e_bytes":148000000,"tookMs":7,"_ms":3,"took":"1h2m3.5s","message":"m"}',
      'm a 1 s b -5 ms c 1 B d 1 MB e 148 MB took 7 ms _ms=3 took 1 h 02 min',
    ],
    [
      '{"cache_kib":2048,"wait_min":1.5,"responseTimeSeconds":0.25,"message":"m"}',
      'm cache 2.1 MB wait 1 min 30 s responseTime 250 ms',
    ],
    ['{"took":"5m","size":"3d","latency":12,"ms":3,"message":"m"}', 'm took=5m size=3d latency=12 ms=3'],
  ),
  'hostile lines': of(
    ['{"message":"a\\u0000b\\u0007c\\u001b[2Jd\\u007fe\\u009bf"}', 'a␀b␇cd␡e⟨U+009B⟩f'],
    ['{"x":"\\u202egnp.exe\\u2066\\u200b","message":"m"}', 'm x=⟨U+202E⟩gnp.exe⟨U+2066⟩⟨U+200B⟩'],
    ['{"x\\n\\u001b[31m":"y","message":"m"}', 'm x⏎␛[31m=y'],
    ['{"x":"a\\r\\nb\\tc\\u2028d","message":"m"}', 'm x="a⏎b c⏎d"'],
    ['\u001b]0;title\u0007hello \u001b]8;;http://evil\u001b\\link\u001b]8;;\u001b\\', 'hello link'],
    ['\u001b[1;38;5;9;4mred\u001b[38;2;1;2;3mrgb\u001bMx', 'redrgbx'],
    [
      '{"__proto__":{"x":1},"constructor":"c","toString":"t","message":"m"}',
      'm __proto__.x=1 constructor=c toString=t',
    ],
    ['{"emoji":"👩‍🚀 в космосе","message":"שלום עולם"}', 'שלום עולם emoji="👩‍🚀 в космосе"'],
    [`{"flags":"${'🏳️‍🌈'.repeat(20)}","message":"m"}`, `m flags=${'🏳️‍🌈'.repeat(5)}…${'🏳️‍🌈'.repeat(5).slice(2)}`],
    [`${'{"a":'.repeat(30)}1${'}'.repeat(30)}`, `${'a.'.repeat(15)}a=${'{"a":'.repeat(4)}…"a":1${'}'.repeat(14)}`],
    ['{"message":"cut in the midd', 'cut in the midd'],
    ['{"a":NaN,\'b\':\'x\',"message":"m"}', 'm a=NaN b=x'],
    ['{"message":{"nested":1}}', 'message.nested=1'],
    ['{"message":["a","b"]}', '["a","b"]'],
    ['{"user_id":"a b","request_id":"\\u202eabc","message":"m"}', 'm user_id="a b" request_id=⟨U+202E⟩'],
  ),
  'lines of podlog': [
    {
      labels: { source: 'events', namespace: 'shop' },
      line: '{"level":"warn","type":"Warning","reason":"BackOff","kind":"Pod","namespace":"shop","name":"api-7d9f-x2x","container":"api","message":"Back-off restarting failed container","count":7,"first":"2026-11-23T15:00:00Z","last":"2026-11-23T15:10:00Z"}',
      row: 'BackOff Pod/api-7d9f-x2x Back-off restarting failed container ×7',
    },
    {
      labels: { source: 'events' },
      line: '{"level":"info","reason":"NodeReady","kind":"Node","name":"worker-1","message":"Node is ready","count":1}',
      row: 'NodeReady Node/worker-1 Node is ready',
    },
    {
      labels: { stream: 'podlog' },
      line: 'container worker ended: exit code 137, OOMKilled, restart 3',
      row: 'container worker ended: exit code 137, OOMKilled, restart 3',
    },
    {
      labels: { stream: 'podlog' },
      line: 'podlog: 4096 bytes of 0.log were lost: its gzip data is damaged',
      row: '4096 bytes of 0.log were lost: its gzip data is damaged',
    },
    {
      labels: { source: 'metrics' },
      line: '{"time":"2026-11-23T15:00:00Z","cpu_cores":0.21,"memory_bytes":155189248}',
      row: 'cpu 210 m memory 148 MiB',
    },
    {
      labels: { source: 'metrics' },
      line: '{"cpu_cores":1.2,"memory_bytes":1073741824,"pods":3}',
      row: 'cpu 1.2 cores memory 1 GiB pods=3',
    },
    {
      labels: { source: 'metrics', namespace: 'shop' },
      line: '{"level":"trace","kind":"Pod","namespace":"shop","name":"api-7d9f-x2x","workload":"api","cpu_cores":0.21,"cpu_limit_cores":1,"memory_bytes":155189248,"memory_limit_bytes":268435456}',
      row: 'Pod/api-7d9f-x2x cpu 210 m of 1 core memory 148 MiB of 256 MiB',
    },
    {
      labels: { source: 'probes' },
      line: '{"method":"GET","url":"https://shop.example/healthz","status":200,"latency_ms":43}',
      row: 'GET https://shop.example/healthz 200 43 ms',
    },
    {
      labels: { source: 'probes' },
      line: '{"method":"GET","url":"https://shop.example/","error":"TLS: certificate has expired"}',
      row: 'GET https://shop.example/ error="TLS: certificate has expired"',
    },
    { flags: ['partial'], line: 'half a li', row: 'half a li partial' },
    { flags: ['truncated'], line: 'long', row: 'long cut at 1 MiB' },
    { flags: ['unparsed'], line: 'what', row: 'what not CRI' },
    {
      labels: { namespace: 'shop', pod: 'api-1' },
      line: '{"namespace":"shop","pod":"web-1","message":"m"}',
      row: 'm pod=web-1',
    },
  ],
};
