/**
 * Every limit of the command itself: value, unit, why, and what happens beyond it. They are not among the server's, because
 * each command reads all flags, and an agent would load the server's limits with them.
 */

/**
 * The log of `podlog up` waits this long, and this many of its lines, for the address of the page to be printed first. Beyond: it is
 * printed at once.
 */
export const HELD_MS_MAX = 2_000;
export const HELD_LINES_MAX = 1000;

/** Fields with an index, as --index-fields has them; each costs the flush time and the segment bytes. Beyond: refused. */
export const INDEX_FIELDS_MAX = 32;

/** Pod labels that become labels of lines, as --pod-labels has them; a stream has the server's LABELS_MAX in all. Beyond: refused. */
export const POD_LABELS_MAX = 16;

/** Bytes of a connection of `podlog forward` on their way to the cluster. Beyond: the sender waits. */
export const SENDING_BYTES_MAX = 1024 * 1024;

/** Connections of `podlog forward` at once; a browser opens six. Beyond: refused. */
export const FORWARDED_CONNECTIONS_MAX = 64;

/**
 * The most that the limits of queries by Loki's API may be set to: series, lines, points of a series, bytes and time of an answer.
 * More would take memory and turns that the server's own limits refuse. Beyond: refused.
 */
export const LOKI_SERIES_MAX = 50_000;
export const LOKI_LINES_MAX = 100_000;
export const LOKI_POINTS_MAX = 100_000;
export const LOKI_BYTES_MAX = 128 * 1024 * 1024;
export const LOKI_TIME_MS_MAX = 600_000;

/** Tenants, as --tenants has them: each has a store, and a share of the memory for labels and live tails. Beyond: refused. */
export const TENANTS_MAX = 64;

/** Lines of an answer that an import asks Loki for: Loki's default limit. Beyond: the next page. */
export const IMPORT_PAGE_LINES = 5000;

/** After an answer that was too long, pages grow by this factor up to IMPORT_PAGE_LINES. */
export const IMPORT_PAGE_GROWTH = 1.25;

/** An answer of Loki's, which is in memory as a whole. Beyond: a page of half as many lines is asked for. */
export const IMPORT_ANSWER_BYTES_MAX = 32 * 1024 * 1024;

/** Answers of Loki's with the lines of one time, which are one page, however many streams they are of. Beyond: an error. */
export const IMPORT_ONE_TIME_BYTES_MAX = 256 * 1024 * 1024;

/** A push of an import; a single line may be longer. Beyond: another push. */
export const IMPORT_PUSH_BYTES_MAX = 4 * 1024 * 1024;

/**
 * The time range of one page. It doubles while pages have few lines, and halves where they are full or Loki needs too long; Loki's
 * default limit of a query is 30d1h.
 */
export const IMPORT_SLICE_NS_MIN = 1_000_000_000n;
export const IMPORT_SLICE_NS_FIRST = 3_600_000_000_000n;
export const IMPORT_SLICE_NS_MAX = 30n * 86_400_000_000_000n;

/** Loki may take minutes for a page. Beyond: it is asked again, for half the time. */
export const IMPORT_REQUEST_MS_MAX = 180_000;

/** How long an import tries the same request again. Beyond: it ends, and goes on where it was when it is started again. */
export const IMPORT_RETRY_MS_MAX = 1_800_000;

/** Interval at which an import prints how far it is. */
export const IMPORT_PROGRESS_MS = 2000;

/** Questions to Loki how many lines there are to import. Beyond: what is left is estimated by time. */
export const IMPORT_STATS_ASKS_MAX = 100;

/** An answer that a message quotes: of a server that fails, and of one that refuses lines. Beyond: cut. */
export const IMPORT_QUOTED_BYTES_MAX = 500;
export const IMPORT_QUOTED_REASON_BYTES_MAX = 1000;

/** Different reasons for refused lines that an import prints. Beyond: they are only counted. */
export const IMPORT_REASONS_MAX = 20;

/** Names of labels, each of which is a selector of an import of all streams. Beyond: refused, as --selector is needed. */
export const IMPORT_LABELS_MAX = 500;
