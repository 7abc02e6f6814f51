/** Every limit of the agent: value, unit, why, and what happens beyond it. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes taken from one file in a turn. Larger costs fairness, smaller costs a system call more often. */
export const READ_BYTES = 256 * KIB;

/**
 * A line, joined from its fragments, is at most this long. Beyond it a line is cut at a fragment's border: every piece
 * but the last is stored as a line of its own with FLAG_TRUNCATED, and nothing is lost. One single fragment that is
 * longer (a runtime that does not split lines) loses what is beyond, flagged and counted. An entry of several lines is
 * a line to all that comes after, and is cut in the same way, between its lines where it can be.
 */
export const LINE_BYTES_MAX = MIB;

/**
 * A run of NUL bytes where a record should be is counted in a marker from this length on: it is what a power cut leaves. Shorter
 * runs are kept, in an unparsed line.
 */
export const ZERO_RUN_BYTES_MIN = 16;

/** NUL bytes that end a fragment which is too long to be held: a page of a sparse file. Shorter runs are part of it. */
export const HOLE_BYTES_MIN = 4 * KIB;

/** Lines that are joined into one entry. Beyond it the entry is cut, with FLAG_TRUNCATED on all pieces but the last. */
export const ENTRY_LINES_MAX = 1000;

/**
 * An entry is stored when nothing has followed for this long, by the agent's clock, and ends where its stream was silent
 * for longer, by the lines' own: a trace is written at once, but its process may wait for its CPU quota meanwhile.
 */
export const ENTRY_IDLE_MS_MAX = 1_000;

/** The same for a line of text that may be followed by a trace but mostly is not: it must not be late for that. */
export const LONE_LINE_MS_MAX = 250;

/** From an entry's first line to its last, so that it is not held back for ever. Beyond it the entry is cut as above. */
export const ENTRY_SPAN_MS_MAX = 5_000;

/** Of each line, what a start pattern looks at. */
export const START_PATTERN_BYTES_MAX = 256;

/** All unfinished lines of all files together. Beyond it the line that grows is cut as above. */
export const PENDING_BYTES_MAX = 16 * MIB;

/**
 * A batch closes with the turn that brings its bytes here: large enough to compress well, small beside 110 MB of RSS.
 * With the last turn it stays within 2 MiB, a power of two, where the builder's memory does not double once more.
 */
export const BATCH_BYTES_MAX = 2 * MIB - READ_BYTES;

/** A batch closes exactly at this many rows. */
export const BATCH_ROWS_MAX = 16 * 1024;

/**
 * After this long without a large batch its memory is released. That takes 50 ms, and the next large batch takes the memory
 * again, so a shorter time would cost more where lines come in bursts.
 */
export const IDLE_AFTER_MS = 10_000;

/** Smaller ones are built in the memory that a builder begins with. */
export const LARGE_BATCH_BYTES = 64 * KIB;

/**
 * How often each live file is looked at. What has come since is sent at once, so a lone line ships within this and a
 * round trip: 200 ms at most. A look costs 3 µs, so 200 files that write now and then take half a percent of a core.
 */
export const TICK_MS = 120;

/**
 * Every so many ticks each container's directory is looked at for a file of a new restart. A rotation is seen at once,
 * by the file that was renamed.
 */
export const TICKS_PER_DIRECTORY_CHECK = 8;

/**
 * After so long without a change a container is quiet, and watched instead of looked at. To begin and end a watch costs as
 * much as ten looks, so a shorter time would cost more where lines come now and then.
 */
export const QUIET_MS = 5_000;

/**
 * Quiet containers that are watched: the node's other programs need inotify watches, too, and may have 8,192 in all.
 * Beyond it a container is looked at on each tick, as one that writes.
 */
export const QUIET_WATCHES_MAX = 1_000;

/**
 * Files that the kubelet keeps of a run of a container (containerLogMaxFiles, unless it is set), if no run on the node has
 * more. Where as many are there, and the server knows none of them, older ones may have been deleted. Of a kubelet that is
 * set to keep fewer nothing is said of files that came and went so.
 */
export const KUBELET_FILES_MAX = 5;

/** A file that begins so soon after its container's directory was made is the first one: none is filled faster. */
export const FIRST_FILE_MS_MAX = 1_000;

/**
 * How much earlier than the last tick everything on the node is vouched for: names of new pods come by events, and
 * directories are looked at in turn. Beyond: what is older than this and not known was never on the node.
 */
export const CAUGHT_UP_MARGIN_MS = 2_000;

/**
 * Longest time without a word to the server that everything on the node is stored, if it is. A quiet node sends this and
 * nothing else: 100 bytes. Beyond: the server waits as much longer before it says that a run was never seen.
 */
export const VOUCH_MS = 30_000;

/** A directory that changes during each of so many listings in a row is listed again at the next look. */
export const LISTINGS_MAX = 4;

/** How often everything is listed afresh, in case an event was missed. */
export const RESCAN_MS = 10_000;

/** How often directories are listed that are not watched. */
export const POLL_MS = 1_000;

/** A new pod's directory is listed at each tick for this long: the watch on it begins within milliseconds. */
export const NEW_POD_MS = 1_000;

/** An event comes this long after what it reports, if one comes. Beyond: something came and went without a name. */
export const EVENT_MS_MAX = 500;

/** Pods whose directories are watched, 40 KB each; Kubernetes allows 110 a node by default. Beyond: all are listed. */
export const WATCHED_PODS_MAX = 500;

/** After watches ran out, they are tried again after this time. */
export const WATCH_RETRY_MS = 60_000;

/**
 * After a rotation the newer file is not begun before a look at the older one, at least this much later, has found nothing
 * more: the runtime flushes an unfinished line into the old file just after it has opened the new one. Time alone would not
 * do: where a tick takes long, it would be over before anybody has seen what the older file has.
 */
export const SETTLE_MS = 100;

/** A rotated, deleted or outlived file stays open for this long after its last change: writers may still hold it. */
export const GRACE_MS = 10_000;

/** The same for a file without any name: its container is gone. An agent that ends before would not know that it was done. */
export const UNLINKED_GRACE_MS = 1_000;

/**
 * An unfinished line is stored as it is (FLAG_PARTIAL) when its file has ended and its grace is over, or when nothing
 * came for this long: a container that exited for good leaves no other evidence, and its last words must be findable.
 */
export const PENDING_IDLE_MS_MAX = 30_000;

/** A file that the server knows and that is not on the node is reported gone after this long: it may be renamed back. */
export const GONE_MS = 60_000;

/** Bytes of deleted files that are kept open. Beyond it the oldest is dropped, and what was not read of it is lost. */
export const DELETED_BYTES_MAX = 1024 * MIB;

/**
 * Log files held open, if the process may have so many and SPARE_DESCRIPTORS more. Beyond it a new file waits unopened,
 * and room is made for it: files that are read to their end are closed, the longest unchanged first, and opened again
 * when a listing shows that they have grown; then deleted files are dropped, the oldest first, and counted as lost.
 */
export const OPEN_FILES_MAX = 8192;

/** Descriptors for all else: sockets, watches, Node's own. */
export const SPARE_DESCRIPTORS = 64;

/** Paths that were refused, each of which is said once. Beyond it the oldest is forgotten, and may be said again. */
export const REFUSED_PATHS_MAX = 1024;

/** A directory that was empty for longer than this before it went held nothing; of a younger one that is not certain. */
export const UNSEEN_MS_MAX = 2_000;

/** With --container-rate-limit: what a container may send at once after a quiet time, as a time at its limit. */
export const RATE_BURST_MS = 1_000;

/** What may wait in a container's files, as a time at its limit. Beyond it the oldest is dropped and counted. */
export const RATE_BACKLOG_MS = 10_000;

/** How often something is dropped of a container that floods: each time costs a marker. */
export const RATE_DROP_MS = 1_000;

/** JSON in a string of JSON, and so on: levels of escapes that redaction undoes. Beyond it, text is seen with its escapes. */
export const UNESCAPE_LEVELS_MAX = 4;

/** How often the server is asked for rules. Beyond: a change takes effect this much later. */
export const RULES_ASK_MS = 2_000;

/** The least time between two such questions, when a new pod makes one more urgent. */
export const RULES_ASK_MS_MIN = 50;

/** A start waits so long for the rules before it opens files. Beyond: they are held open, and read when rules are known. */
export const RULES_START_MS_MAX = 1_000;

/**
 * A new pod's files are not opened before the server says what it knows of the pod, if it follows a cluster. Beyond: it
 * knows nothing, and only what the path says counts.
 */
export const POD_FACTS_WAIT_MS_MAX = 2_000;

/** The identity of a file is in its first line, of which no more than this is looked at. */
export const HEAD_BYTES = 4 * KIB;

/** Compressed bytes in which the first HEAD_BYTES of a gzip file are looked for. */
export const GZIP_HEAD_BYTES = 64 * KIB;

/**
 * Retries wait a random time from half of this up to this, doubling from the minimum. So the return of a server is noticed
 * within 2 s, and a thousand nodes ask it some 700 times a second, at times that are spread out; one that is too busy answers with
 * Retry-After, which counts in addition.
 */
export const BACKOFF_MS_MIN = 100;
export const BACKOFF_MS_MAX = 2_000;

/** A connection that is not established within this time is tried again: a server that is away may not even refuse it. */
export const CONNECT_MS_MAX = 2_000;

/** A server that says nothing for this long is asked again. */
export const SILENCE_MS_MAX = 30_000;

/** From a request's first byte to its answer's last: a batch takes seconds on a slow link. Beyond it it is sent again. */
export const REQUEST_MS_MAX = 60_000;

/** Of an answer: the positions of 60,000 files. Beyond it the request has failed, and is sent again. */
export const ANSWER_BYTES_MAX = 8 * MIB;

/** The longest Retry-After that is honoured. */
export const RETRY_AFTER_MS_MAX = 60_000;

/** Minimum interval between repeated warnings. */
export const COMPLAINT_MS = 60_000;

/** The longest that reading goes on without a look at timers and sockets. */
export const PUMP_MS_MAX = 20;

/** How often a stopping agent looks whether everything is read and acknowledged. */
export const DRAIN_STEP_MS = 10;
