/** Limits that the documents quote are those of the code: each sentence is written from them and must be in its document. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as agent from '../../agent/limits.ts';
import * as server from '../../server/limits.ts';

/** As the documents write counts: 4,096. */
function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** As the documents write sizes: 48 MiB, 64 KiB. */
function size(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes / 2 ** 10} KiB`;
}

const WORDS: Readonly<Record<number, string>> = { 2: 'two', 4: 'four', 5: 'five', 10: 'ten' };

/** As the documents write small counts. */
function word(n: number): string {
  return WORDS[n] ?? count(n);
}

const QUOTED: Readonly<Record<string, readonly string[]>> = {
  'docs/operations.md': [
    `for up to ${word(server.FIRST_LIST_WAIT_MS_MAX / 1000)} seconds`,
    `room for ${count(server.STREAMS_MAX)} streams with lines in the store, and for ${size(server.STREAMS_BYTES_MAX)} of their labels`,
  ],
  'docs/access.md': [
    `It ends after ${server.SESSION_MS_MAX / 86_400_000} days`,
    `with \`limit=all\`, or ${count(server.AUDITED_LINES_MIN)} and more`,
    `every ${server.AUDIT_FAILED_LOGINS_MS / 60_000} minutes how many followed`,
    `A session lasts ${server.OIDC_SESSION_MS_MAX / 3_600_000} hours`,
    `at most ${server.OIDC_SIGN_INS_AT_ONCE_MAX} at a time, each answer within ${server.OIDC_REQUEST_MS_MAX / 1000} seconds and ${size(server.OIDC_ANSWER_BYTES_MAX)}`,
    `has up to ${server.USER_NAME_CHARS_MAX}`,
    `opens ${server.LOGINS_OF_CALLER_A_MINUTE_MAX} sessions a minute`,
    `${count(server.SESSIONS_ENDED_MAX)} in all and ${count(server.SESSIONS_ENDED_OF_CALLER_MAX)} of one token`,
  ],
  'docs/loki.md': [
    `in any order, up to ${server.LOKI_AGE_MS_MAX / 86_400_000} days late`,
    `three hours; up to ${count(server.PATTERNS_LIMIT_MAX)}, and each works`,
    `A push has up to [${size(server.BODY_BYTES_MAX)}](api.md#pushes-by-lokis-clients), a stream up to ${server.LOKI_LABELS_MAX} labels, a line up to ${size(server.LOKI_LINE_BYTES_MAX)}`,
  ],
  'docs/api.md': [
    `returns up to ${count(server.PATTERNS_LIMIT_MAX)} patterns that work`,
    `A query has up to ${count(server.FILTERS_MAX)} names with up to ${count(server.VALUES_PER_FILTER_MAX)} values each; a value has up to ${count(server.TEXT_BYTES_MAX)} bytes`,
    `A text has up to ${count(server.SEARCH_TEXT_BYTES_MAX)} bytes, ${count(server.SEARCH_TERMS_MAX)} conditions and ${count(server.SEARCH_DEPTH_MAX)} levels of parentheses`,
    `maximum number of lines, 1 to ${count(server.LIMIT_MAX)}; default ${count(server.LIMIT_DEFAULT)}`,
    `the last ${count(server.FOLLOW_LIMIT_DEFAULT)} lines`,
    `There may be ${count(server.COLUMNS_MAX)} columns`,
    `There may be ${count(server.TAILS_MAX)} live tails, ${count(server.TAILS_OF_CALLER_MAX)} of one caller`,
    `Up to ${count(server.QUERIES_AT_ONCE_MAX)} queries run at the same time, ${count(server.QUERIES_OF_CALLER_AT_ONCE_MAX)} of one caller; others wait for up to ${server.QUERY_WAIT_MS_MAX / 1000} seconds`,
    `when ${count(server.QUERIES_WAITING_MAX)} queries are waiting`,
    `Answers in progress may hold ${word(server.ANSWER_ROWS_HELD_MAX / 1e6)} million lines in all`,
    `of its answer for ${word(server.ANSWER_STALLED_MS_MAX / 60_000)} minutes is disconnected`,
    `An answer is cut at ${size(server.LABELS_ANSWER_BYTES_MAX)}`,
    `There may be ${count(server.HISTOGRAM_BUCKETS_MAX)} buckets`,
    `a label or field; up to ${word(server.AGGREGATE_BY_MAX)} of them`,
    `the number of groups, largest first, 1 to ${count(server.AGGREGATE_LIMIT_MAX)}; default ${count(server.AGGREGATE_LIMIT_DEFAULT)}`,
    `a histogram with more than ${count(server.AGGREGATE_LIMIT_MAX)} counts`,
    `a quantile of more than ${count(server.AGGREGATE_SKETCHES_MAX)} groups`,
    `number of values of each name, 0 to ${count(server.FACET_VALUES_MAX)}; default ${count(server.FACET_TOP_DEFAULT)}`,
    `the number of lines, 1 to ${count(server.REQUEST_LINES_MAX)}; default ${count(server.REQUEST_LINES_MAX)}`,
    `or ${size(server.REQUEST_BYTES_MAX)} of lines; \`line_count\` is the number of all. The summary then is of these and of the last ${count(server.REQUEST_LAST_LINES_MAX)}`,
    `the number of requests, 1 to ${count(server.USER_REQUESTS_MAX)}; default ${count(server.USER_REQUESTS_DEFAULT)}`,
    `of more than ${count(server.USER_LINES_MAX)} lines it is about the newest`,
    `one that has been silent for ${server.AGENT_SILENT_MS_MAX / 1000} seconds is \`gone\``,
    `Agents report every ${word(agent.RULES_ASK_MS / 1000)} seconds`,
    `up to ${server.VIEW_COLUMNS_MAX} \`columns\``,
    `Each token has up to ${server.VIEWS_OF_OWNER_MAX} of its own`,
    `A view has up to ${size(server.VIEW_BYTES_MAX)} of JSON, a name up to ${server.VIEW_NAME_CHARS_MAX} characters`,
    `A name with more than ${count(server.FACET_VALUES_MAX)} values is listed without values, and so is one whose values would together take more than ${size(server.FACETS_BYTES_MAX)}`,
    `Of more than ${count(server.FACET_NAMES_MAX)} names the answer has the ${count(server.FACET_NAMES_CUT)} most frequent`,
    `Up to ${size(server.BODY_BYTES_MAX)}, ${size(server.INFLATED_BODY_BYTES_MAX)} decompressed, ${size(server.LINE_BYTES_MAX)} a line`,
    `a window of ${size(2 ** server.ZSTD_WINDOW_BYTES_LOG2_MAX)}`,
    `Up to ${count(server.LABELS_MAX)}, with names of up to ${count(server.LABEL_NAME_BYTES_MAX)} bytes and values of up to ${count(server.LABEL_VALUE_BYTES_MAX)}`,
    `Up to ${size(server.BODY_BYTES_MAX)}, ${size(server.LOKI_PUSH_BYTES_MAX)} decompressed, ${count(server.LOKI_PUSH_ENTRIES_MAX)} lines of ${count(server.LOKI_PUSH_STREAMS_MAX)} streams`,
    `up to ${server.LOKI_AGE_MS_MAX / 86_400_000} days ago and ${server.LOKI_LEAD_MS_MAX / 60_000} minutes ahead. A line has up to ${size(server.LOKI_LINE_BYTES_MAX)}`,
    `JSON has up to ${size(server.OTLP_JSON_BYTES_MAX)}, and a record, a scope or a resource in protobuf up to ${count(server.OTLP_VALUES_MAX)} attributes and values`,
    `A stream has up to ${server.LOKI_LABELS_MAX} labels`,
    `takes over ${word(server.QUERY_RUN_MS_MAX / 60_000)} minutes`,
    `the request line and headers exceed ${size(server.HEADERS_BYTES_MAX)}`,
    `the ${size(server.BODIES_IN_FLIGHT_BYTES_MAX)} of bodies in memory, of which one caller gets up to ${size(server.BODIES_OF_CALLER_BYTES_MAX)}`,
    `pause for ${word(server.BODY_IDLE_MS_MAX / 1000)} seconds and must average ${size(server.BODY_BYTES_A_SECOND_MIN)} a second; headers must arrive within ${word(server.HEADERS_RECEIVE_MS_MAX / 1000)} seconds`,
    `Of ${count(server.CONNECTIONS_MAX)} connections, ${count(server.STRANGER_CONNECTIONS_MAX)} may belong to clients that have not authenticated`,
  ],
  'docs/formats-and-levels.md': [
    `The pattern sees the first ${agent.START_PATTERN_BYTES_MAX} bytes of a line`,
    `how long a line of text waits for its continuation | ${agent.LONE_LINE_MS_MAX} ms`,
    `how long a stack trace waits | ${agent.ENTRY_IDLE_MS_MAX / 1000} s`,
    `size of an entry | ${count(agent.ENTRY_LINES_MAX)} lines, ${size(agent.LINE_BYTES_MAX)} and ${agent.ENTRY_SPAN_MS_MAX / 1000} seconds`,
  ],
  'docs/exactly-once.md': [`those of the last ${server.UNSEEN_AGE_MS_MAX / 60_000} minutes`],
};

describe.each(Object.entries(QUOTED))('%s', (path, sentences) => {
  const text = readFileSync(path, 'utf8').replaceAll(/\s+/g, ' ');
  test.each(sentences)('%s', (sentence) => {
    expect(text).toContain(sentence);
  });
});
