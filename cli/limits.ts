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
