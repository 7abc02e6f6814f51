/** Random queries about the lines of ./corpus.ts, of every part of LogQL; about one in ten is wrong in some way. */
import type { Random } from '../corpus/random.ts';
import type { When } from './questions.ts';

const SELECTORS = [
  '{app="json"}',
  '{app="meta"}',
  '{app="meta", env="dev"}',
  '{app=~"meta|json", pod=~".*-1"}',
  '{app="logfmt"}',
  '{app="nums"}',
  '{app="nginx"}',
  '{app="plain"}',
  '{app="counter"}',
  '{app="packed"}',
  '{app="ansi"}',
  '{app="oddjson"}',
  '{app="oddlogfmt"}',
  '{app="odd"}',
  '{app="same"}',
  '{app=~"json|logfmt"}',
  '{env="prod"}',
  '{env=~".+", app!~"odd.*"}',
  '{app="nums", pod!="nums-1"}',
  '{service_name="logfmt"}',
  '{job="only-job"}',
  '{app="none"}',
];
const TEXTS = [
  'error',
  'GET',
  '"level"',
  '10.0.0.1',
  'info',
  '',
  'ü',
  'took',
  '{',
  '=',
  'a',
  '😀',
  'refused',
  '\\u0000',
];
const REGEXPS = [
  'err|warn',
  '(?i)ERROR',
  '^\\\\{',
  '[0-9]+ms',
  '\\\\d{3}',
  'a.*b',
  '.*',
  '.+',
  '^$',
  '[[:alpha:]]+$',
  '\\\\bGET\\\\b',
];
const PATTERNS = ['<_>level<_>', 'request <_> from <_>', '<_>GET<_>', 'a<_>', '<_>ms', '<_> <_> <_>'];
const ADDRESSES = ['10.0.0.1', '10.0.0.0/16', '192.168.4.0-192.168.4.9', '::1', '2001:db8::/32'];
const NAMES = [
  'level',
  'status',
  'method',
  'path',
  'app',
  'pod',
  'env',
  'user_name',
  'n',
  'v',
  'w',
  'g',
  'c',
  'nope',
  'dur',
  'took',
  'size',
  'ip',
  'client',
  'detected_level',
  'a',
  'latency_ms',
  'app_extracted',
  '__error__',
  'service_name',
  'trace_id',
  'bytes',
  'pod_extracted',
  'level_extracted',
  'status_extracted',
  'a_b',
  'key_9e',
];
const NUMBER_NAMES = ['bytes', 'status', 'n', 'v', 'w', 'c', 'latency_ms', 'seq', 'user_id', 'nope', 'method'];
const DURATION_NAMES = ['dur', 'took', 'nope'];
const BYTES_NAMES = ['size', 'nope'];
const NUMBERS = ['0', '1', '5', '200', '404', '1e2', '.5', '-1', '2.50'];
const DURATIONS = ['1s', '250ms', '1.5s', '3m', '1h2m', '0s', '10us'];
const SIZES = ['10KB', '1MiB', '512B', '1.5kb', '2GB'];
const TEMPLATES = [
  '{{.level}} {{.status}}',
  '{{.nope}}',
  '{{__line__}}',
  '{{ .method | ToLower }} {{ .path | replace \\"/\\" \\"-\\" }}',
  '{{ if eq .level \\"error\\" }}E{{ else }}-{{ end }}',
  '{{ .status | int | add 1 }}',
  '{{ printf \\"%5s|%-5s|%q\\" .level .method .path }}',
  '{{ .user_name | default \\"none\\" | trunc 3 }}',
  '{{ range $i, $e := splitList \\"/\\" .path }}{{ $i }}:{{ $e }} {{ end }}',
  '{{ len .path }} {{ .path | upper | title }}',
  '{{ div 10 (int .n) }}',
  '{{ .took }}{{ .dur }}',
  'x',
  '',
];
const LINE_RANGES = ['count_over_time', 'rate', 'bytes_over_time', 'bytes_rate', 'absent_over_time'];
const NUMBER_RANGES = [
  'sum_over_time',
  'avg_over_time',
  'max_over_time',
  'min_over_time',
  'stdvar_over_time',
  'stddev_over_time',
  'first_over_time',
  'last_over_time',
  'rate',
  'rate_counter',
  'absent_over_time',
  'quantile_over_time',
];
const GROUPED = new Set([
  'avg_over_time',
  'max_over_time',
  'min_over_time',
  'stdvar_over_time',
  'stddev_over_time',
  'first_over_time',
  'last_over_time',
  'quantile_over_time',
]);
const RANGES = ['1m', '5m', '30s', '10m', '1h', '7m30s'];
const VECTORS = ['sum', 'avg', 'count', 'max', 'min', 'stddev', 'stdvar', 'sort', 'sort_desc', 'topk', 'bottomk'];
const ARITHMETIC = ['+', '-', '*', '/', '%', '^'];
const COMPARE = ['==', '!=', '>', '>=', '<', '<='];

export class Generator {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]!;
  }

  #chance(oneIn: number): boolean {
    return this.#random.below(oneIn) === 0;
  }

  #some(make: () => string, max: number, min = 0): string[] {
    return Array.from({ length: min + this.#random.below(max - min + 1) }, make);
  }

  logQuery(): string {
    return this.#broken(this.#log(4));
  }

  metricQuery(): string {
    return this.#broken(this.#metric(3));
  }

  when(): When {
    return {
      part: this.#pick([0, 0.1, 0.5, 0.73, 1]),
      offset: this.#pick([0, 0, 7, -61, 0.5]),
      step: this.#pick(['90', '60000ms', '37', '2m', '7.5', '300', '1h']),
    };
  }

  /** Leaves out, doubles or replaces a piece now and then. */
  #broken(query: string): string {
    if (!this.#chance(12)) return query;
    const pieces = query.split(/(\s+|\b)/);
    const at = this.#random.below(pieces.length);
    const piece = this.#pick([
      '',
      pieces[at]! + pieces[at]!,
      '(',
      ')',
      ',',
      '|',
      'by',
      'unwrap',
      '"',
      '5m',
      '=',
      '[1m]',
      'ip',
      '1',
      'json',
      'bool',
      '.',
      '}',
      'x',
    ]);
    return [...pieces.slice(0, at), piece, ...pieces.slice(at + 1)].join('');
  }

  #log(stages: number): string {
    return [this.#pick(SELECTORS), ...this.#some(() => this.#stage(), stages)].join(' ');
  }

  #parser(): string {
    return this.#pick([
      '| json',
      '| json',
      '| logfmt',
      '| logfmt',
      '| logfmt --strict',
      '| logfmt --keep-empty',
      '| json s="status", u="user.name", t="tags[0]"',
      '| json o="user", user_name="path"',
      '| logfmt l="level", took, x="nope"',
      '| unpack',
      '| regexp "(?P<ip>\\\\S+) .* \\"(?P<method>\\\\w+) (?P<path>\\\\S+)"',
      '| pattern `<ip> - <_> [<_>] "<method> <path> <_>" <status> <size> <_>`',
      '| pattern "<level> message <n>"',
      '| decolorize',
    ]);
  }

  #stage(): string {
    switch (this.#random.below(12)) {
      case 0:
      case 1:
      case 2:
        return this.#parser();
      case 3:
      case 4:
        return this.#lineFilter();
      case 5:
      case 6:
      case 7:
        return `| ${this.#labelFilter(2)}`;
      case 8:
        return `| line_format "${this.#pick(TEMPLATES)}"`;
      case 9:
        return `| label_format ${this.#pick(['x', 'level', 'app', 'status'])}=${this.#chance(2) ? this.#pick(NAMES) : `"${this.#pick(TEMPLATES)}"`}`;
      case 10:
        return `| ${this.#pick(['drop', 'keep'])} ${this.#some(() => this.#pick(NAMES) + this.#pick(['', '', '="error"', '=~".*e.*"', '!="200"']), 3, 1).join(', ')}`;
      default:
        return this.#pick(['| decolorize', '| __error__=""', '| __error__!=""', '| detected_level="error"']);
    }
  }

  #lineFilter(): string {
    switch (this.#random.below(6)) {
      case 0:
      case 1:
        return `${this.#pick(['|=', '!='])} "${this.#pick(TEXTS)}"${this.#chance(4) ? ` or "${this.#pick(TEXTS)}"` : ''}`;
      case 2:
      case 3:
        return `${this.#pick(['|~', '!~'])} "${this.#pick(REGEXPS)}"${this.#chance(6) ? ` or "${this.#pick(REGEXPS)}"` : ''}`;
      case 4:
        return `${this.#pick(['|>', '!>'])} "${this.#pick(PATTERNS)}"`;
      default:
        return `${this.#pick(['|=', '!='])} ip("${this.#pick(ADDRESSES)}")`;
    }
  }

  #labelFilter(depth: number): string {
    if (depth > 0 && this.#chance(3)) {
      const pair = `${this.#labelFilter(depth - 1)} ${this.#pick(['and', 'or', ',', ''])} ${this.#labelFilter(depth - 1)}`;
      return this.#chance(3) ? `(${pair})` : pair;
    }
    switch (this.#random.below(6)) {
      case 0:
      case 1:
        return `${this.#pick(NAMES)}${this.#pick(['=', '!='])}"${this.#pick(['error', '', 'GET', 'a', 'x', '200', '10.0.0.1'])}"`;
      case 2:
        return `${this.#pick(NAMES)}${this.#pick(['=~', '!~'])}"${this.#pick(['err.*', '.+', '', '[A-Z]+', '(?i)get', '5..', '.*5', 'warn|warning', 'P.*', 't[1-3]', '(?i)e.*r', 'GET|POST'])}"`;
      case 3:
        return `${this.#pick(NUMBER_NAMES)}${this.#pick([...COMPARE, '='])}${this.#pick(NUMBERS)}`;
      case 4:
        return this.#chance(2)
          ? `${this.#pick(DURATION_NAMES)}${this.#pick([...COMPARE, '='])}${this.#pick(DURATIONS)}`
          : `${this.#pick(BYTES_NAMES)}${this.#pick([...COMPARE, '='])}${this.#pick(SIZES)}`;
      default:
        return `${this.#pick(['ip', 'client', 'nope'])}${this.#pick(['=', '!='])}ip("${this.#pick(ADDRESSES)}")`;
    }
  }

  #range(): string {
    return `[${this.#pick(RANGES)}]${this.#chance(5) ? ` offset ${this.#pick(['1m', '90s', '-2m', '5m'])}` : ''}`;
  }

  #rangeExpr(): string {
    if (this.#chance(2)) return `${this.#pick(LINE_RANGES)}(${this.#log(3)} ${this.#range()})`;
    const operation = this.#pick(NUMBER_RANGES);
    const parameter =
      operation === 'quantile_over_time' ? `${this.#pick(['0.5', '0.99', '0', '1', '2', '0.25'])}, ` : '';
    const [selector, parser, name, conversion] = this.#pick([
      ['{app="nums"}', '| logfmt', this.#pick(['v', 'w']), ''],
      ['{app="nums"}', '| logfmt', this.#pick(['v', 'w', 'g']), ''],
      ['{app="nums"}', '', 'size', ''],
      ['{app="counter"}', '| logfmt', 'c', ''],
      ['{app="json"}', '| json', this.#pick(['latency_ms', 'status', 'seq', 'user_id', 'path']), ''],
      ['{app="json"}', '| json', 'dur', this.#pick(['duration', 'duration_seconds'])],
      ['{app="json"}', '| json', 'size', 'bytes'],
      ['{app="meta"}', '', this.#pick(['bytes', 'trace_id', 'status']), ''],
      ['{app="meta"}', this.#pick(['', '| json', '| logfmt']), this.#pick(['took', 'took_extracted']), 'duration'],
      ['{app="meta"}', '| json', this.#pick(['latency_ms', 'status', 'status_extracted']), ''],
      ['{app="logfmt"}', '| logfmt', 'took', 'duration'],
      ['{app="logfmt"}', '| logfmt', this.#pick(['size', 'n']), this.#pick(['bytes', ''])],
    ] as const);
    const filters = this.#some(() => this.#stage(), 1).join(' ');
    const unwrap = `| unwrap ${conversion === '' ? name : `${conversion}(${name})`}`;
    const error = this.#pick(['', '', ' | __error__=""', ` | ${name}>0`]);
    const grouping = GROUPED.has(operation) && this.#chance(2) ? ` ${this.#grouping()}` : '';
    return `${operation}(${parameter}${selector} ${parser} ${filters} ${unwrap}${error} ${this.#range()})${grouping}`;
  }

  #grouping(): string {
    const names = this.#some(
      () => this.#pick(['app', 'env', 'pod', 'level', 'g', 'method', 'status', 'detected_level', 'nope']),
      2,
    );
    return `${this.#pick(['by', 'without'])} (${names.join(', ')})`;
  }

  #metric(depth: number): string {
    if (depth === 0) return this.#rangeExpr();
    switch (this.#random.below(9)) {
      case 0:
        return this.#rangeExpr();
      case 1:
      case 2:
      case 3:
      case 4: {
        const operation = this.#pick(VECTORS);
        const parameter = operation.endsWith('k') ? `${this.#pick(['1', '2', '3', '10'])}, ` : '';
        const grouping = this.#chance(4) ? '' : this.#grouping();
        return this.#chance(2)
          ? `${operation} ${grouping} (${parameter}${this.#metric(depth - 1)})`
          : `${operation}(${parameter}${this.#metric(depth - 1)}) ${grouping}`;
      }
      case 5:
      case 6:
        return this.#binary(depth);
      case 7: {
        const [source, target] = [
          this.#pick(['app', 'pod', 'level', 'nope']),
          this.#pick(['x', 'app', 'dst', '__error__']),
        ];
        return `label_replace(${this.#metric(depth - 1)}, "${target}", "${this.#pick(['$1', 'x-$1-$2', '', '${1}_'])}", "${source}", "${this.#pick(['(.*)', '(.)(.*)', 'json', '(.*)-(\\\\d)', ''])}")`;
      }
      default:
        return this.#pick([
          `vector(${this.#pick(NUMBERS)})`,
          this.#pick(NUMBERS),
          '1 + 2 * 3',
          '2 ^ 3 ^ 2',
          '1 / 0',
          '5 % 3 > bool 1',
        ]);
    }
  }

  #binary(depth: number): string {
    const [left, right] = [this.#side(depth), this.#side(depth)];
    const matching = this.#pick([
      '',
      '',
      '',
      'on (app)',
      'on (env, app)',
      'ignoring (pod)',
      'on (app) group_left',
      'on (env) group_right (app)',
      'ignoring (pod, level) group_left (pod)',
      'on ()',
      'ignoring ()',
    ]);
    const operator = this.#pick([...ARITHMETIC, ...COMPARE, 'and', 'or', 'unless']);
    const bool = COMPARE.includes(operator) && this.#chance(2) ? ' bool' : '';
    return `${left} ${operator}${bool} ${matching} ${right}`;
  }

  #side(depth: number): string {
    if (this.#chance(5)) return this.#pick(NUMBERS);
    const metric = this.#chance(2)
      ? `sum by (${this.#some(() => this.#pick(['app', 'env', 'pod', 'level']), 3).join(', ')}) (${this.#pick(['count_over_time', 'rate'])}(${this.#pick(SELECTORS)} ${this.#pick(['', '', '| logfmt', '| json'])} [${this.#pick(RANGES)}]))`
      : this.#metric(depth - 1);
    return this.#chance(2) ? `(${metric})` : metric;
  }
}
