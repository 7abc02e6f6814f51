/** Answers of the HTTP API, as far as its clients read them: docs/api.md. */
import type { Labels } from '../labels.ts';

/** A row of `GET /logs`. */
export interface LogRow {
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly labels: Labels;
  readonly level?: string;
  readonly line: string;
  readonly flags?: readonly string[];
  readonly cursor?: string;
  /** Which run of its container wrote it: how often it had been restarted. */
  readonly restart?: number;
  /** The line that was asked for, among those around it. */
  readonly around?: boolean;
  /** What was sent with the line instead of in it. */
  readonly metadata?: Labels;
  /** The row as it was sent, in which numbers are as they were written; empty where the line itself has its fields. */
  readonly json: string;
}

export interface LogPage {
  readonly rows: readonly LogRow[];
  /** Parameters of the next page, if there is one. */
  readonly next: URLSearchParams | undefined;
}

/** A question near one that found nothing. */
export interface Hint {
  readonly message: string;
  /** The query of the URL that asks it. */
  readonly parameters?: string;
  readonly lines?: number;
}

export interface Histogram {
  readonly step_seconds: number;
  readonly buckets: readonly HistogramBucket[];
  /** Lines outside of its range, where the question has none. */
  readonly before?: number;
  readonly after?: number;
  readonly hints?: readonly Hint[];
}

export interface HistogramBucket {
  readonly time: string;
  readonly total: number;
  /** Absent without `by`, and where there are no lines. */
  readonly counts?: Readonly<Record<string, number>>;
}

export interface FieldsAnswer {
  readonly fields: readonly FieldValues[];
  readonly truncated?: boolean;
}

export interface FieldValues {
  readonly name: string;
  readonly rows: number;
  readonly distinct: number;
  readonly distinct_is_minimum?: boolean;
  readonly values?: readonly { readonly value: string; readonly rows: number }[];
}

export interface AggregateAnswer<By = Readonly<Record<string, string>>> {
  readonly groups: readonly AggregateGroup<By>[];
  readonly distinct: number;
}

export interface AggregateGroup<By = Readonly<Record<string, string>>> {
  /** With a step. */
  readonly time?: string;
  readonly by: By;
  readonly rows: number;
  /** Measures of a single `of`, where the group has numbers. */
  readonly count?: number;
  readonly max?: number;
  readonly avg?: number;
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  /** With several, by field. */
  readonly of?: Readonly<Record<string, { readonly avg?: number; readonly max?: number }>>;
  readonly last?: Readonly<Record<string, number | null>>;
  readonly where?: Readonly<Record<string, number>>;
  readonly line_bytes?: number;
  /** Numbers of different values, by name. */
  readonly distinct?: Readonly<Record<string, number>>;
}

/** A bucket of numbers of about the same size: at least `from`, less than `to`. */
export interface NumberBucket {
  readonly from: number;
  readonly to: number;
}

/** What a query of LogQL reads: `GET /explain`. */
export interface ExplainAnswer {
  /** RFC 3339. */
  readonly since: string;
  readonly until: string;
  readonly kind: 'lines' | 'metric';
  readonly selections: readonly ExplainedSelection[];
}

/** The same of a query that was run. */
export interface ExplainedRun extends ExplainAnswer {
  readonly reads: readonly ExplainedRead[];
  readonly total: ExplainedCost & {
    readonly lines_read: number;
    readonly line_bytes_read: number;
    readonly lines?: number;
    readonly series?: number;
  };
}

export interface ExplainedSelection {
  readonly lines: string;
  readonly conditions: readonly ExplainedCondition[];
  readonly stages: readonly string[];
}

export interface ExplainedCondition {
  readonly condition: string;
  readonly by: readonly ('labels' | 'columns' | 'text')[];
}

export interface ExplainedRead extends ExplainedCost {
  readonly what: 'lines' | 'columns' | 'labels';
  readonly since?: string;
  readonly until?: string;
}

interface ExplainedCost {
  /** Absent where the token may not know how much is stored. */
  readonly row_groups?: ExplainedPart;
  readonly bytes?: ExplainedPart;
  readonly rows_matched: number;
  readonly took_ms: number;
}

export interface ExplainedPart {
  readonly considered: number;
  readonly read: number;
}

export interface PatternsAnswer {
  readonly rows: number;
  readonly distinct: number;
  readonly other: number;
  readonly trend?: { readonly since: string; readonly step_seconds: number };
  readonly patterns: readonly LinePattern[];
}

export interface LinePattern {
  readonly id: string;
  readonly pattern: string;
  readonly rows: number;
  readonly share: number;
  readonly levels: Readonly<Record<string, number>>;
  readonly trend: readonly number[];
  readonly examples: readonly {
    readonly time: string;
    readonly labels: Labels;
    readonly line: string;
  }[];
}

export interface Comparison {
  readonly rows: number;
  readonly than: { readonly rows: number };
  readonly differences: readonly Difference[];
  readonly distinct: number;
}

export interface Difference {
  /** `new`: none of the others have it; `gone`: only they do. */
  readonly kind: 'new' | 'more' | 'less' | 'gone';
  readonly name: string;
  /** `*` is any value; of numbers, where they lie. */
  readonly value: string | { readonly from: number; readonly to: number };
  readonly rows: number;
  readonly share: number;
  readonly than: { readonly rows: number; readonly share: number };
}

export interface RequestAnswer {
  readonly id: string;
  readonly found_by: string;
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly failed: boolean;
  readonly start: string;
  readonly end: string;
  readonly duration_ms: number;
  readonly user_id?: string;
  readonly pods: readonly {
    readonly labels: Labels;
    readonly lines: number;
    readonly first_ms: number;
    readonly last_ms: number;
  }[];
  readonly first_error?: RequestMoment;
  readonly slowest?: RequestMoment & { readonly kind: 'step' | 'gap'; readonly ms: number };
  readonly longest_gap?: RequestMoment & { readonly kind: 'gap'; readonly ms: number };
  readonly line_count: number;
  readonly cut?: boolean;
  readonly lines: readonly (Omit<LogRow, 'json'> & {
    readonly offset_ms: number;
    readonly gap_ms: number;
    readonly duration_ms?: number;
  })[];
}

interface RequestMoment {
  /** Index of a line. */
  readonly line: number;
  readonly offset_ms: number;
  readonly pod?: string;
  readonly level?: string;
  readonly message?: string;
}

export interface UserAnswer {
  readonly id: string;
  readonly since: string;
  readonly until: string;
  readonly total: {
    readonly requests: number;
    readonly failed: number;
    readonly p50_ms?: number;
    readonly p95_ms?: number;
    readonly first: string;
    readonly last: string;
  };
  readonly requests: readonly UserRequest[];
  readonly next?: { readonly until: string };
}

export interface UserRequest {
  readonly time: string;
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly duration_ms?: number;
  readonly failed: boolean;
  readonly error?: string;
  readonly request_id?: string;
  readonly namespace?: string;
  readonly pod?: string;
}

export interface SavedView {
  readonly name: string;
  /** Seen by every token. */
  readonly shared: boolean;
  readonly search: string;
  readonly since: string;
  readonly until?: string;
  readonly columns?: readonly string[];
}

/** Ways in: `GET /login`. */
export interface WaysIn {
  readonly token: boolean;
  readonly oidc: { readonly label: string } | null;
}

export interface Session {
  /** Null where there are no tokens. */
  readonly caller: string | null;
  readonly scopes: readonly string[];
  readonly namespaces: 'all' | readonly string[];
  /** Null where the request came without a session. */
  readonly session_ends: string | null;
  readonly version: string;
  readonly time: string;
}

export interface AgentsAnswer {
  readonly agents: readonly NodeAgent[];
}

export interface NodeAgent {
  readonly node: string;
  readonly state: 'up' | 'gone' | 'missing';
  readonly last_seen: string | null;
  /** Null for an agent that is too old to say it, as the others. */
  readonly version: string | null;
  readonly lag: { readonly bytes: number; readonly seconds: number } | null;
  readonly lines_per_second: number | null;
  /** Since it started. */
  readonly lost: { readonly times: number; readonly bytes: number } | null;
}

export interface StatsAnswer {
  readonly rows: number;
  readonly bytes: { readonly raw: number; readonly stored: number; readonly wal: number };
  readonly oldest: string | null;
  readonly quarantined: number;
  readonly unreadable: number;
  readonly room: { readonly free: number; readonly total: number; readonly keptFree: number } | null;
  readonly intake: { readonly hours: number; readonly lines: number; readonly raw: number; readonly stored: number };
  readonly forecast: {
    readonly outlook: 'level' | 'unknown' | 'oldest dropped' | 'disk full';
    readonly daysLeft: number | null;
    /** What the store levels off at. */
    readonly bytes?: number;
  };
  readonly retention: {
    readonly age: string;
    readonly maxSize: number | null;
    readonly rules: readonly { readonly selector: string; readonly age: string }[];
  };
}

/** What an erasure would remove: `dry_run`. */
export interface ErasurePreview {
  readonly rows: number;
  readonly namespaces: readonly { readonly namespace: string; readonly rows: number }[];
}

export interface Erasure {
  readonly id: string;
  readonly state: string;
  readonly requested: string;
  readonly done: string | null;
  /** Until when lines of before that arrive late are erased, too: a time, `forever` or null. */
  readonly remembered_until: string | null;
  readonly segments: { readonly done: number; readonly total: number };
  readonly rows: number;
  readonly problem?: string;
}

/** A snapshot: a whole one has rows and bytes, one that cannot be read has a problem. */
export interface Backup {
  readonly name: string;
  readonly path: string;
  readonly problem?: string;
  readonly bytes?: number;
  readonly segments?: number;
  readonly rows?: number;
}
