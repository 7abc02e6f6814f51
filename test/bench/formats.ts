/** Lines of each format that podlog knows: cut, encoded and compressed in this process, as an agent and a push do. */
import { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import { Random } from '../corpus/random.ts';
import type { Bench } from './harness.ts';

/** 2026-11-23. */
const DAY = 20_780;
const START_NS = 54_000e9;
/** Between two lines of a program that has something to do. */
const STEP_NS = 7_000_000;
/** An agent's batch. */
const GROUP_ROWS = 16_384;
/** The compiler is warm after so many groups. */
const WARM_GROUPS = 6;
const MEASURED_GROUPS = 12;

const PATHS = ['/api/orders', '/api/cart', '/api/products/', '/healthz', '/api/users/'];
const MESSAGES = ['request done', 'took long', 'connection reset by peer', 'cache miss', 'retrying'];
const MONTH_DAY = '1123';

/** What a line is made of. */
interface Event {
  readonly clock: string;
  readonly fraction: string;
  readonly path: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly userId: number;
  readonly message: string;
  readonly isWarning: boolean;
}

const FORMATS: Readonly<Record<string, (event: Event) => string>> = {
  JSON: (e) =>
    `{"level":"${e.isWarning ? 'warn' : 'info'}","path":"${e.path}","status":${e.status},"latency_ms":${e.latencyMs},"user_id":${e.userId},"time":"2026-11-23T${e.clock}Z","message":"${e.message}"}`,
  logfmt: (e) =>
    `time=2026-11-23T${e.clock}.${e.fraction}Z level=${e.isWarning ? 'WARN' : 'INFO'} msg="${e.message}" path=${e.path} status=${e.status} latency_ms=${e.latencyMs} user_id=${e.userId}`,
  klog: (e) =>
    `${e.isWarning ? 'W' : 'I'}${MONTH_DAY} ${e.clock}.${e.fraction}       1 controller.go:95] "${e.message}" object="shop/api-${e.userId}" took="${e.latencyMs}ms"`,
  'access log': (e) =>
    `10.42.0.${e.userId % 250} - - [23/Nov/2026:${e.clock} +0000] "GET ${e.path}?page=${e.userId % 9} HTTP/1.1" ${e.status} ${e.latencyMs * 31} "-" "Mozilla/5.0 (X11; Linux x86_64)"`,
  Postgres: (e) =>
    `2026-11-23 ${e.clock}.${e.fraction.slice(0, 3)} UTC [${e.userId}] ${e.isWarning ? 'ERROR' : 'LOG'}:  duration: ${e.latencyMs}.${e.fraction.slice(0, 3)} ms  statement: ${e.message}`,
  Redis: (e) =>
    `1:M 23 Nov 2026 ${e.clock}.${e.fraction.slice(0, 3)} ${e.isWarning ? '#' : '*'} ${e.message} from 10.42.0.${e.userId % 250}:${e.userId}`,
  'text with a level': (e) =>
    `2026-11-23 ${e.clock},${e.fraction.slice(0, 3)} [worker-${e.userId % 8}] ${e.isWarning ? 'WARN' : 'INFO'}  com.example.shop.Orders - ${e.message} for ${e.userId} after ${e.latencyMs} ms`,
  prose: (e) => `${e.message} for customer ${e.userId} after ${e.latencyMs} ms, and nothing else is known of this line`,
};

export function benchFormats({ progress, report }: Bench): void {
  for (const [name, write] of Object.entries(FORMATS)) {
    progress(`formats: ${name}`);
    const { cpuSeconds, lines, lineBytes, encodedBytes } = measure(write);
    report({ name: `${name}: a CPU-second`, value: lines / cpuSeconds, unit: 'lines' });
    report({ name: `${name}: a CPU-second`, value: lineBytes / cpuSeconds / 1e6, unit: 'MB' });
    report({
      name: `${name}: size, of ${Math.round(lineBytes / lines)}`,
      value: encodedBytes / lines,
      unit: 'bytes/line',
    });
  }
}

function measure(write: (event: Event) => string) {
  const random = new Random(1);
  const builder = new RowGroupBuilder();
  let cpuMicros = 0;
  let lineBytes = 0;
  let encodedBytes = 0;
  for (let group = 0; group < WARM_GROUPS + MEASURED_GROUPS; group++) {
    const lines = Array.from({ length: GROUP_ROWS }, (_, i) =>
      Buffer.from(write(eventAt(group * GROUP_ROWS + i, random))),
    );
    const before = process.cpuUsage();
    const stream = builder.stream({ container: 'app' });
    for (const [i, line] of lines.entries()) {
      const at = builder.append(line, 0, line.length);
      const timeNs = START_NS + (group * GROUP_ROWS + i) * STEP_NS;
      builder.add(stream, DAY, timeNs, 0, at, at + line.length);
    }
    const encoded = builder.finish();
    const { user, system } = process.cpuUsage(before);
    if (group < WARM_GROUPS) continue;
    cpuMicros += user + system;
    encodedBytes += encoded.length;
    for (const { length } of lines) lineBytes += length;
  }
  return { cpuSeconds: cpuMicros / 1e6, lines: MEASURED_GROUPS * GROUP_ROWS, lineBytes, encodedBytes };
}

function eventAt(n: number, random: Random): Event {
  const ns = START_NS + n * STEP_NS - random.below(1_000_000);
  const seconds = Math.floor(ns / 1e9);
  const two = (value: number): string => String(value).padStart(2, '0');
  const path = PATHS[random.zipf(PATHS.length)]!;
  return {
    clock: `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`,
    fraction: String(Math.floor(ns / 1000) % 1_000_000).padStart(6, '0'),
    path: path.endsWith('/') ? path + random.below(5000) : path,
    status: random.below(50) === 0 ? 502 : 200,
    latencyMs: 1 + random.zipf(3000),
    userId: 1 + random.zipf(20_000),
    message: MESSAGES[random.zipf(MESSAGES.length)]!,
    isWarning: random.below(20) === 0,
  };
}
