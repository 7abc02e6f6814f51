/**
 * The names that programs give to the parts of a request in their lines: which request it is, whose, what was asked, how
 * it ended and how long it took. One list for whatever reads requests from lines: routes, readable lines and patterns.
 *
 * Of several names in one line the first of a list counts. Names of nested objects are joined by dots.
 */
import { durationOf, numberOf } from './quantity.ts';

/** The first one is podlog's own: that of the access logs that it cuts. It has an index by default. */
export const REQUEST_ID_NAMES: readonly string[] = [
  'request_id',
  'requestId',
  'requestID',
  'RequestId',
  'RequestID',
  'request-id',
  'requestid',
  'request.id',
  'req_id',
  'reqId',
  'req.id', // pino-http
  'http.request.id', // ECS
  'x_request_id',
  'x-request-id',
  'req.headers.x-request-id',
  'request_X-Request-Id', // Traefik
  'correlation_id',
  'correlationId',
  'CorrelationId',
];

export const TRACE_ID_NAMES: readonly string[] = [
  'trace_id', // OpenTelemetry, and an index by default
  'traceId',
  'traceID',
  'TraceId', // Serilog, .NET
  'traceid',
  'trace.id', // ECS
  'otelTraceID', // OpenTelemetry's logging of Python
  'dd.trace_id',
];

export const USER_ID_NAMES: readonly string[] = [
  'user_id',
  'userId',
  'userID',
  'UserId',
  'UserID',
  'user-id',
  'userid',
  'user.id', // ECS
  'usr.id',
  'enduser.id', // OpenTelemetry
];

export const METHOD_NAMES: readonly string[] = [
  'method',
  'Method',
  'http_method',
  'http.method',
  'http.request.method', // ECS, OpenTelemetry
  'request_method', // nginx
  'requestMethod',
  'request.method',
  'req.method', // pino-http
  'RequestMethod', // Traefik, Serilog
  'httpRequest.requestMethod', // Google Cloud
  'verb',
];

export const PATH_NAMES: readonly string[] = [
  'path',
  'Path',
  'http_path',
  'http.path',
  'http.target',
  'url.path', // ECS, OpenTelemetry
  'request_path',
  'request.path',
  'req.path',
  'RequestPath', // Traefik, Serilog
  'uri',
  'URI',
  'request_uri', // nginx
  'request.uri', // Caddy
  'request.url',
  'req.url', // pino-http
  'httpRequest.requestUrl', // Google Cloud
  'requestURI', // Kubernetes' audit log
  'http.url',
  'url',
  'http.route', // OpenTelemetry: with names in place of ids, so only where there is no path
];

export const STATUS_NAMES: readonly string[] = [
  'status',
  'Status',
  'status_code',
  'statusCode',
  'StatusCode', // Serilog
  'http_status',
  'http.status',
  'http.status_code',
  'http.response.status_code', // ECS, OpenTelemetry
  'response_code',
  'responseStatus',
  'response.status',
  'response.statusCode',
  'res.status',
  'res.statusCode', // pino-http
  'DownstreamStatus', // Traefik
  'httpRequest.status', // Google Cloud
];

export const MESSAGE_NAMES: readonly string[] = [
  'message',
  'msg',
  '@m', // Serilog
  '@mt',
  '@message', // hclog
  'MESSAGE', // the journal
  'Message', // .NET
  'short_message', // GELF
  'log',
  'body', // OpenTelemetry
  'textPayload', // Google Cloud
  'event', // structlog
];

export const ERROR_NAMES: readonly string[] = [
  'error',
  'err',
  'exception',
  'error.message',
  'err.message',
  'exception.message',
  'error.kind',
  'cause',
];

const MS_OF_UNIT = { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3 } as const;

/** Names whose unit is known; undefined where only the value may have one, as in `1.5s`. */
const DURATIONS: ReadonlyMap<string, keyof typeof MS_OF_UNIT | undefined> = new Map([
  ['latency_ms', 'ms'],
  ['duration_ms', 'ms'],
  ['elapsed_ms', 'ms'],
  ['took_ms', 'ms'],
  ['response_time_ms', 'ms'],
  ['responseTime', 'ms'], // pino-http
  ['latencyMs', 'ms'],
  ['durationMs', 'ms'],
  ['elapsedMs', 'ms'],
  ['Elapsed', 'ms'], // Serilog
  ['latency_us', 'us'],
  ['duration_us', 'us'],
  ['elapsed_us', 'us'],
  ['latency_ns', 'ns'],
  ['duration_ns', 'ns'],
  ['elapsed_ns', 'ns'],
  ['event.duration', 'ns'], // ECS
  ['Duration', 'ns'], // Traefik
  ['latency_s', 's'],
  ['duration_s', 's'],
  ['latency_seconds', 's'],
  ['duration_seconds', 's'],
  ['elapsed_seconds', 's'],
  ['request_time', 's'], // nginx
  ['latency', undefined],
  ['duration', undefined],
  ['elapsed', undefined],
  ['took', undefined],
  ['httpRequest.latency', undefined], // Google Cloud
] as const);

export const DURATION_NAMES: readonly string[] = [...DURATIONS.keys()];

/**
 * Returns the milliseconds of a value of one of DURATION_NAMES; undefined where neither name nor value has a unit, or the
 * value is not a duration.
 */
export function durationMsOf(name: string, value: string): number | undefined {
  const unit = DURATIONS.get(name);
  const number = unit === undefined ? NaN : numberOf(value);
  const ms = Number.isNaN(number) || unit === undefined ? durationOf(value) * MS_OF_UNIT.ns : number * MS_OF_UNIT[unit];
  return ms >= 0 ? ms : undefined;
}

/** Whether a value of one of METHOD_NAMES is a method of HTTP: other programs call other things so. */
export function isMethod(value: string): boolean {
  return /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE)$/i.test(value);
}

/** The same of a status, which for a job may be `ok`. */
export function isStatus(value: string): boolean {
  return /^[1-5]\d\d$/.test(value);
}

/** The same of a path, or of a whole URL. */
export function isPath(value: string): boolean {
  return value.startsWith('/') || /^https?:\/\//i.test(value);
}

/** Messages of requests that say nothing that method and path do not say. */
const PLAIN_REQUESTS: ReadonlySet<string> = new Set([
  '',
  'request',
  'request completed',
  'request finished',
  'request handled',
  'http request',
  'handled request',
  'access',
  'served',
]);

/** Whether a message says no more of a request than its method and path. */
export function isPlainRequest(message: string): boolean {
  return PLAIN_REQUESTS.has(message.trim().toLowerCase());
}
