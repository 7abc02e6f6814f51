/** Every limit of the agent: value, unit, why, and what happens beyond it. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes read from one file in a time slice. More would cost fairness, fewer would cost more system calls. */
export const READ_BYTES = 256 * KIB;

/**
 * Length of a line that is joined from fragments. Beyond it the line is cut at a fragment's border: every piece but the last
 * is stored as a line of its own with FLAG_TRUNCATED, and nothing is lost. A single fragment that is longer (from a runtime
 * that does not split lines) loses its end, which is flagged and counted. An entry of several lines counts as one line, and is
 * cut in the same way, between its lines if possible.
 */
export const LINE_BYTES_MAX = MIB;

/**
 * A run of NUL bytes in the place of a record is counted in a marker from this length on: a power cut leaves such runs. Shorter
 * ones are kept in an unparsed line.
 */
export const ZERO_RUN_BYTES_MIN = 16;

/** NUL bytes that end a fragment which is too long for memory: a page of a sparse file. Shorter runs are part of it. */
export const HOLE_BYTES_MIN = 4 * KIB;

/** Lines that are joined into one entry. Beyond it the entry is cut, with FLAG_TRUNCATED on all pieces but the last. */
export const ENTRY_LINES_MAX = 1000;

/**
 * An entry is stored when nothing has followed for this long by the agent's clock, and ends where its stream was silent for
 * longer by the lines' own timestamps. A trace is written at once, but its process may wait for CPU quota meanwhile.
 */
export const ENTRY_IDLE_MS_MAX = 1_000;

/** The same for a line of text that a trace may follow: few are followed by one, and the others must not be late. */
export const LONE_LINE_MS_MAX = 250;

/** Time from an entry's first line to its last, so that it is not held back for ever. Beyond it the entry is cut as above. */
export const ENTRY_SPAN_MS_MAX = 5_000;

/** Bytes at the beginning of a line that a start pattern examines. */
export const START_PATTERN_BYTES_MAX = 256;

/** Bytes of the unfinished lines of all files. Beyond it the line that grows is cut as above. */
export const PENDING_BYTES_MAX = 16 * MIB;

/**
 * A batch closes with the time slice that brings its bytes here: large enough to compress well, small compared with 110 MB of
 * RSS. Including that slice it stays within 2 MiB, a power of two, so that the builder's memory does not double once more.
 */
export const BATCH_BYTES_MAX = 2 * MIB - READ_BYTES;

/** A batch closes exactly at this many rows. */
export const BATCH_ROWS_MAX = 16 * 1024;

/**
 * Time without a large batch after which memory is released. That takes 50 ms, and the next large batch allocates it again, so
 * a shorter time would cost more where lines come in bursts.
 */
export const IDLE_AFTER_MS = 10_000;

/** Smaller batches are built in the memory with which a builder begins. */
export const LARGE_BATCH_BYTES = 64 * KIB;

/**
 * Interval at which each live file is polled. New lines are sent at once, so a single line ships within this and a round trip:
 * 200 ms at most. A poll costs 3 µs, so 200 files that grow now and then take half a percent of a core.
 */
export const TICK_MS = 120;

/**
 * Ticks between two polls of a container's directory for a file of a new restart. A rotation is noticed at once, by the file
 * that was renamed.
 */
export const TICKS_PER_DIRECTORY_CHECK = 8;

/**
 * Time without a change after which a container is quiet, and watched instead of polled. To begin and end a watch costs as much
 * as ten polls, so a shorter time would cost more where lines come now and then.
 */
export const QUIET_MS = 5_000;

/**
 * Quiet containers that are watched: the node's other programs need inotify watches, too, and there may be only 8,192 in all.
 * Beyond it a container is polled on each tick, like one that writes.
 */
export const QUIET_WATCHES_MAX = 1_000;

/**
 * Files that the kubelet keeps of a container's run (the default of containerLogMaxFiles), unless a run on the node has more.
 * Where as many are there, and the server knows none of them, older ones may have been deleted. If the kubelet is configured to
 * keep fewer, older files that came and went are not reported.
 */
export const KUBELET_FILES_MAX = 5;

/**
 * A file that begins this soon after its container's directory was made is the first one, and one that begins this soon after the last
 * line of another is the next one: none is filled faster.
 */
export const FIRST_FILE_MS_MAX = 1_000;

/**
 * Everything on the node is vouched for up to this long before the last tick: the names of new pods arrive by events, and
 * directories are polled in turn. Beyond: whatever is older and not known was never on the node.
 */
export const CAUGHT_UP_MARGIN_MS = 2_000;

/**
 * Longest time in which the agent does not vouch that everything on the node is stored, if it is. A quiet node sends nothing
 * else: 100 bytes. A longer time would delay the server's markers for runs that no agent has seen by as much.
 */
export const VOUCH_MS = 30_000;

/** Listings in a row during each of which a directory changes. Beyond it the directory is listed again at the next tick. */
export const LISTINGS_MAX = 4;

/** Interval at which everything is listed, in case an event was missed. */
export const RESCAN_MS = 10_000;

/** Interval at which directories are listed that are not watched. */
export const POLL_MS = 1_000;

/** A new pod's directory is listed at each tick for this long: the watch on it begins within milliseconds. */
export const NEW_POD_MS = 1_000;

/** Longest time from a change to its event. Beyond it no event comes, and something came and went without a name. */
export const EVENT_MS_MAX = 500;

/** Pods whose directories are watched, 40 KB each; Kubernetes allows 110 a node by default. Beyond it all are listed. */
export const WATCHED_PODS_MAX = 500;

/** Time after which watches are tried again when there were none left. */
export const WATCH_RETRY_MS = 60_000;

/**
 * After a rotation the newer file is not begun before a poll of the older one, at least this much later, has found nothing
 * more: the runtime flushes an unfinished line into the old file just after it has opened the new one. Waiting alone would not
 * suffice: on a slow tick the time would be over before the older file had been polled.
 */
export const SETTLE_MS = 100;

/** A rotated, deleted or outlived file stays open for this long after its last change: writers may still hold it. */
export const GRACE_MS = 10_000;

/** The same for a file without any name: its container is gone. Short, so that an agent that stops meanwhile is rare. */
export const UNLINKED_GRACE_MS = 1_000;

/**
 * An unfinished line is stored as it is (FLAG_PARTIAL) when its file has ended and its grace period is over, or when nothing
 * followed for this long: a container that has exited leaves no other evidence, and its last words must be findable.
 */
export const PENDING_IDLE_MS_MAX = 30_000;

/** A file that the server knows and that is not on the node is reported gone after this long: it may be renamed back. */
export const GONE_MS = 60_000;

/** Bytes of deleted files that are kept open. Beyond it the oldest is closed, and what was not read of it is lost. */
export const DELETED_BYTES_MAX = 1024 * MIB;

/**
 * Log files held open, if the process is allowed as many and SPARE_DESCRIPTORS more. Beyond it a new file waits unopened, and
 * room is made for it: files that are read to their end are closed, the longest unchanged first, and opened again when a
 * listing shows that they have grown; then deleted files are closed, the oldest first, and counted as lost.
 */
export const OPEN_FILES_MAX = 8192;

/** Descriptors for everything else: sockets, watches, Node's own. */
export const SPARE_DESCRIPTORS = 64;

/** Refused paths, each of which is logged once. Beyond it the oldest is forgotten, and may be logged again. */
export const REFUSED_PATHS_MAX = 1024;

/** A directory that was empty for longer than this before it went never held a file; a younger one may have. */
export const EMPTY_DIRECTORY_MS_MAX = 2_000;

/** Burst that --container-rate-limit allows after a quiet time, as a time at the limit. */
export const RATE_BURST_MS = 1_000;

/** Backlog in a container's files, as a time at the limit. Beyond it the oldest lines are dropped and counted. */
export const RATE_BACKLOG_MS = 10_000;

/** Interval at which lines of a container that floods are dropped: each time costs a marker. */
export const RATE_DROP_MS = 1_000;

/**
 * Marks of how many bytes were unread at a time, one for each report of the agent. Beyond: every second mark is forgotten, and
 * the age of the oldest unread line becomes less exact.
 */
export const LAG_MARKS_MAX = 512;

/** Interval at which the server is asked for rules, and so the delay of a change. */
export const RULES_ASK_MS = 2_000;

/** Minimum interval between two such requests when a new pod makes one urgent. */
export const RULES_ASK_MS_MIN = 50;

/** Longest wait for the rules at a start. Beyond it files are opened, and read when the rules are known. */
export const RULES_START_MS_MAX = 1_000;

/**
 * Longest time for which a new pod's files are not opened because the server, which follows a cluster, does not know the pod yet.
 * Beyond it only what the path says counts.
 */
export const POD_FACTS_WAIT_MS_MAX = 2_000;

/** Bytes of a file's first line, which identifies it, that are examined. */
export const HEAD_BYTES = 4 * KIB;

/** Compressed bytes from which the first HEAD_BYTES of a gzip file are taken. */
export const GZIP_HEAD_BYTES = 64 * KIB;

/**
 * Retries wait a random time between half of this and this, doubling from the minimum. So the return of a server is noticed
 * within 2 s, and a thousand nodes send it some 700 requests a second, spread out; a server that is too busy answers with
 * Retry-After, which is added.
 */
export const BACKOFF_MS_MIN = 100;
export const BACKOFF_MS_MAX = 2_000;

/** Timeout of establishing a connection: a server that is away may not even refuse it. */
export const CONNECT_MS_MAX = 2_000;

/** Time without a byte from the server after which a request is sent again. */
export const SILENCE_MS_MAX = 30_000;

/** Time from a request's first byte to its answer's last: a batch takes seconds on a slow link. Beyond it, it is sent again. */
export const REQUEST_MS_MAX = 60_000;

/** Size of an answer: the positions of 60,000 files. Beyond it the request has failed, and is sent again. */
export const ANSWER_BYTES_MAX = 8 * MIB;

/** The longest Retry-After that is honoured. */
export const RETRY_AFTER_MS_MAX = 60_000;

/** An agent whose batches were refused until they said nothing about runs says it again after so long: its server may be newer by then. */
export const RUNS_AGAIN_MS = 600_000;

/** Minimum interval between repeated warnings. */
export const COMPLAINT_MS = 60_000;

/** Longest time for which reading blocks timers and sockets. */
export const PUMP_MS_MAX = 20;

/** Interval at which a stopping agent checks whether everything is read and acknowledged. */
export const DRAIN_STEP_MS = 10;
