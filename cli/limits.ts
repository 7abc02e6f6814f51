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
