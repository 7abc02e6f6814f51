/**
 * Every limit of the server: its value, its unit (in the name), why it is what it is, and what happens beyond it.
 */
const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

// ── Receiving ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Body of one request. Agents send about 400 KB; push clients a few MB. Beyond: 413 that names this limit. */
export const BODY_BYTES_MAX = 16 * MIB;

/**
 * Bodies being received, shredded or waiting for their fsync, summed over all requests by the bytes that have arrived:
 * they are the server's largest use of memory. Beyond: 503, and the client keeps its lines a little longer.
 */
export const BODIES_IN_FLIGHT_BYTES_MAX = 64 * MIB;

/**
 * The same for one caller (a token; without tokens, an address), so that one leaves room for the others. Beyond: 503.
 */
export const BODIES_OF_CALLER_BYTES_MAX = 48 * MIB;

/**
 * A body may pause for the first of these, and on average, after such a pause, must not be slower than the second: the
 * largest takes four and a half minutes at most. Beyond: 408. Tested every third.
 */
export const BODY_IDLE_MS_MAX = 10 * SECOND_MS;
export const BODY_BYTES_A_SECOND_MIN = 64 * KIB;
export const BODY_PACE_CHECK_MS = 1 * SECOND_MS;

/**
 * A body that no route takes, or whose request was refused, is read and discarded up to this size and for this time: an
 * agent's batch fits, so that the agent can read why it was refused. Beyond: the connection is closed.
 */
export const UNREAD_BODY_BYTES_MAX = 1 * MIB;
export const UNREAD_BODY_MS_MAX = 5 * SECOND_MS;

/** A body after decompression. A log compresses 10 : 1, seldom 20 : 1; more is an accident or an attack. Beyond: 413. */
export const INFLATED_BODY_BYTES_MAX = 64 * MIB;

/**
 * Decoded lines of a push that are in memory at a time: shredding them takes about 50 ms, after which others have their
 * turn, and gives row groups of 15,000 common lines. Beyond: in the next window, once the row groups of this one are
 * stored.
 */
export const PUSH_WINDOW_BYTES = 4 * MIB;

/**
 * Windows of all pushes in flight, counted twice for the row groups made from them, and memory of decompressors: six
 * bodies of zstd, twelve of gzip. The second is for one caller, so that one leaves room for the others. Beyond: pushes
 * wait.
 */
export const PUSHES_DECODED_BYTES_MAX = 96 * MIB;
export const PUSHES_OF_CALLER_DECODED_BYTES_MAX = 72 * MIB;

/** Pushes that wait for this memory. Beyond: 503. */
export const PUSHES_WAITING_MAX = 1000;

/**
 * Window of a zstd frame, which its decompressor has in memory; the limit of RFC 9659: 8 MiB, levels up to 19. Beyond:
 * 413.
 */
export const ZSTD_WINDOW_BYTES_LOG2_MAX = 23;

/** Frames of zstd in one body; each costs a decompressor, 0.1 ms. Beyond: 413. */
export const ZSTD_FRAMES_MAX = 10_000;

/** Codings of one body, such as `gzip`, undone one after the other. Beyond: 415. */
export const CONTENT_CODINGS_MAX = 2;

/** One line of a push. Kubernetes' own lines end at 16 KiB a fragment; a stack trace in JSON may be longer. Beyond: cut. */
export const LINE_BYTES_MAX = 1 * MIB;

/** Rows of one pushed row group: as many as in a merged one, so that a WAL scan costs as much as a segment scan. */
export const PUSHED_ROWS_PER_GROUP_MAX = 65_536;

/**
 * Lines of one pushed row group, and the values that they are cut into: limits the memory of building it, and of
 * flushing it later. Beyond: the group is finished and a new one begun.
 */
export const PUSHED_GROUP_BYTES_MAX = 16 * MIB;
export const PUSHED_GROUP_VALUES_MAX = 2 * 1024 * 1024;

/**
 * One row group, however small it is when encoded: memory that it takes when decoded
 * (shared/row-group/decoded-size.ts), and its lines. A pushed one takes 50 MiB and 17 MiB at most, an agent's 10 MiB
 * and 3 MiB. Beyond: 413 that names the limit.
 */
export const ROW_GROUP_DECODED_BYTES_MAX = 64 * MIB;
export const ROW_GROUP_LINE_BYTES_MAX = 64 * MIB;

/**
 * A pushed line's own time is accepted within these days of now; each day costs a segment. Beyond: the line gets the
 * time of its arrival.
 */
export const PUSHED_AGE_DAYS_MAX = 3660;
export const PUSHED_LEAD_DAYS_MAX = 1;

/** Labels of a stream; they are in memory as long as a line of it is stored. Beyond: 400. */
export const LABELS_MAX = 30;

/** Length of a label's name. Beyond: 400. */
export const LABEL_NAME_BYTES_MAX = 128;

/** Length of a label's value; Kubernetes names end at 253, annotations are not labels. Beyond: 400. */
export const LABEL_VALUE_BYTES_MAX = 1024;

/**
 * Streams whose lines are stored, and the memory of their labels on the main thread: about 700 bytes each in a cluster.
 * A stream is forgotten with the last of its lines. Beyond: pushes of new ones are refused with 429, and lines of
 * agents get coarser labels, see ingest/coarse-labels.ts. Data that is stored already is served, whatever its size.
 */
export const STREAMS_MAX = 100_000;
export const STREAMS_BYTES_MAX = 48 * MIB;

/** Shares of these two limits: pushes leave some to agents, and coarser labels have some of their own. */
export const PUSHED_STREAMS_SHARE_MAX = 0.75;
export const COARSE_STREAMS_SHARE_MAX = 1.125;

/** A push client's idempotency key. Kept in memory and in the manifest. Beyond: 400. */
export const IDEMPOTENCY_KEY_BYTES_MAX = 128;

/**
 * A push by Loki's API when decoded, its entries and its different streams. It is in memory as a whole, since snappy and protobuf cannot be
 * cut; 24 bytes an entry come on top. Clients send about 1 MiB. Beyond: 413.
 */
export const LOKI_PUSH_BYTES_MAX = 32 * MIB;
export const LOKI_PUSH_ENTRIES_MAX = 200_000;
export const LOKI_PUSH_STREAMS_MAX = 10_000;

/**
 * Log records of OpenTelemetry in JSON, when decompressed: all of it is made objects, which take eight times as much. Clients send
 * about 1 MiB. Beyond: 413.
 */
export const OTLP_JSON_BYTES_MAX = 8 * MIB;

/**
 * Attributes and values of a log record of OpenTelemetry in protobuf, of its scope and of its resource, each: two bytes may be one, of
 * which an object is made. Beyond: 413.
 */
export const OTLP_VALUES_MAX = 32_768;

/** Levels of objects and arrays in a push of JSON; what is not of a push is passed over. Beyond: 400. */
export const LOKI_JSON_DEPTH_MAX = 64;

/**
 * What Loki stores by default: labels of a stream, bytes of a line, ages. Names and values of labels have the limits of all
 * others. Beyond: 400 for these entries, and the others are stored.
 */
export const LOKI_LABELS_MAX = 15;
export const LOKI_LINE_BYTES_MAX = 256 * KIB;
export const LOKI_AGE_MS_MAX = 7 * DAY_MS;
export const LOKI_LEAD_MS_MAX = 10 * MINUTE_MS;

/**
 * Structured metadata of an entry, and its names and values together, as Loki's defaults are. As many as a row group's template may
 * have (METADATA_MAX). Beyond: 400 for these entries, and the others are stored.
 */
export const LOKI_METADATA_MAX = 128;
export const LOKI_METADATA_BYTES_MAX = 64 * KIB;

/** The labels of a stream as a text, with escapes. Beyond: 400 for this stream. */
export const LOKI_LABELS_TEXT_BYTES_MAX = 64 * KIB;

/** Different refusals that one answer lists. Beyond: only their number. */
export const LOKI_REFUSALS_MAX = 10;

/** Entries of one time before an entry that are searched for the same line, as Loki stores it once. Beyond: it is stored twice. */
export const LOKI_REPEATS_COMPARED_MAX = 64;

// ── Positions ──────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Log files whose positions are known, including those that were reported gone less than an hour ago: about 300 bytes
 * each in memory, and in the manifest. A node of 110 pods has some hundred. Beyond: batches with new ones are refused
 * with 429, and agents retry while old ones are forgotten.
 */
export const FILES_PER_NODE_MAX = 20_000;
export const FILES_MAX = 500_000;

/** Name of a log file; a uid, a container's name and a time make 150 bytes at most. Beyond: 400. */
export const FILE_NAME_BYTES_MAX = 1024;

/** A node that is silent for this long is gone, and its files with it. Beyond: its positions are forgotten. */
export const NODE_UNSEEN_MS_MAX = 30 * DAY_MS;

/**
 * A file that was reported gone is remembered for this long, so that a repeat of the batch that reported it is still
 * recognized. Agents repeat within seconds.
 */
export const GONE_FILE_KEPT_MS = 1 * HOUR_MS;

/** A push client retries within minutes. Beyond: the same key is a new batch. */
export const IDEMPOTENCY_KEY_KEPT_MS = 1 * HOUR_MS;

/** Keys, and as many pushes that are known by their content; written with each manifest (about 60 bytes each). Beyond: the oldest is forgotten. */
export const IDEMPOTENCY_KEYS_MAX = 20_000;

// ── Agents ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** An agent that has said nothing for this long is gone: a working one says something every two seconds. */
export const AGENT_SILENT_MS_MAX = 30 * SECOND_MS;

/**
 * How long an agent that is gone is listed: a node that was removed yesterday is of no interest. Beyond: it is forgotten.
 */
export const AGENT_GONE_KEPT_MS = 1 * DAY_MS;

/** Agents that are listed, about 500 bytes each; a cluster has 5,000 nodes. Beyond: the one that is silent for longest is forgotten. */
export const AGENTS_KEPT_MAX = 5000;

/** Lines a second of an agent are those of this time, and how often its count is noted. */
export const AGENT_RATE_MS = 1 * MINUTE_MS;
export const AGENT_RATE_STEP_MS = 10 * SECOND_MS;

// ── WAL ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Batches that wait for the fsync in progress, and their bytes. Beyond: 503; the disk is slower than the senders. */
export const WAL_QUEUE_RECORDS_MAX = 1024;
export const WAL_QUEUE_BYTES_MAX = 64 * MIB;

/** Bytes that share one write and one fsync: larger groups gain nothing and delay those in front. Beyond: next group. */
export const WAL_GROUP_BYTES_MAX = 4 * MIB;

/**
 * A WAL file is sealed, and then flushed, at the first of these. Size: 330,000 rows of common logs. Decoded size: rows
 * that compress well are many, and a flush of more than FLUSH_DECODED_BYTES_MAX makes several segments. Records: a
 * query visits each row group of the memtable (60 µs each, and their headers fit into WORKER_HEADERS_BYTES_MAX); small
 * flushes are what compaction is for. Age: rows stay unsorted at most this long.
 */
export const WAL_FILE_BYTES_MAX = 8 * MIB;
export const WAL_FILE_DECODED_BYTES_MAX = 64 * MIB;
export const WAL_FILE_RECORDS_MAX = 400;
export const WAL_FILE_AGE_MS_MAX = 1 * HOUR_MS;

/**
 * Row groups that a flush has decoded at once: it sorts their rows. A full WAL file of common rows has about 52 MiB.
 * Beyond: the earlier rows get a segment of their own; a row group that takes more even when its columns are decoded
 * one by one, which intake refuses today, is quarantined.
 */
export const FLUSH_DECODED_BYTES_MAX = 64 * MIB;

/** Workers that a row group may kill. Beyond: it is quarantined, and the others are flushed. */
export const FLUSH_DEATHS_MAX = 2;

/** Sealed WAL files that wait for their flush. Beyond: 503 until the flush has caught up. */
export const SEALED_WAL_FILES_MAX = 32;

// ── Segments ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * zstd levels of segments, by how long they are likely to live: from a flush until their first compaction, seconds to
 * hours; until a compaction of the day; until the retention. Measured on the bench corpus, including the merge, before
 * patterns and repeats took a byte and a half off each of these sizes; the differences are what matters:
 *
 *     level                      1      3      6      9     12     15     19
 *     bytes a line           25.50  25.50  25.19  24.99  24.85  24.64  24.55
 *     M rows a CPU-second      2.1    2.1    1.7    1.3   0.73   0.47   0.12
 */
export const FLUSH_ZSTD_LEVEL = 3;
export const SEGMENT_ZSTD_LEVEL = 6;
export const FULL_SEGMENT_ZSTD_LEVEL = 9;
export const QUIET_SEGMENT_ZSTD_LEVEL = 12;

/**
 * A segment that a compaction writes. Larger ones would save lookups (a needle costs two reads a segment), but cost
 * memory while they are written: their index takes about 14 bytes a row, and each input has a row group in memory.
 * Beyond: the segments are not merged.
 */
export const SEGMENT_BYTES_MAX = 64 * MIB;

/** From this size on a segment is full: it is compressed harder, and not merged again while its day is busy. */
export const SEGMENT_FULL_BYTES = 56 * MIB;

/**
 * How many times larger than its largest input a merge's result must be: for any merge, for one that makes a full
 * segment, and for a day without further writes. It limits how often a row is rewritten. Below: not merged.
 */
export const COMPACTION_GAIN_MIN = 12;
export const COMPACTION_GAIN_FULL_MIN = 3;
export const COMPACTION_GAIN_QUIET_MIN = 1.5;

/**
 * On a quiet day, merges up to this size are done whatever the gain: they take a second, and leave no tiny segments
 * between others.
 */
export const COMPACTION_CHEAP_BYTES_MAX = 16 * MIB;

/** Inputs of one merge. Beyond: the rest is merged next time. */
export const COMPACTION_FAN_IN_MAX = 32;

/**
 * Lines of the largest row groups of all inputs of a merge, uncompressed: a merge can have at most this much of one
 * column decoded, even if each line were a single value. Beyond: fewer inputs.
 */
export const COMPACTION_OPEN_LINE_BYTES_MAX = 144 * MIB;

/**
 * Row groups that a merge has open, with one column of each decoded: their real memory, which their lines do not show.
 * Beyond: the merge is abandoned, and its segments count twice as much from then on.
 */
export const COMPACTION_OPEN_BYTES_MAX = 104 * MIB;

/** Memory of the labels of a merge's streams, which are 24,000 in a cluster. Beyond: the merge is given up as with COMPACTION_OPEN_BYTES_MAX. */
export const COMPACTION_LABELS_BYTES_MAX = 16 * MIB;

/** Decoded columns that a merge keeps. Beyond: they are decoded again for each output group. */
export const COMPACTION_DECODED_BYTES_MAX = 16 * MIB;

/** A day without writes for this long is fully compacted. More than the age of a WAL file. */
export const COMPACTION_QUIET_MS = 2 * HOUR_MS;

/**
 * Sealed WAL files that may wait while a compaction begins. Beyond: it waits until the flush has caught up; but not
 * while more segments than this are not full, because senders that are always faster than the disk would otherwise keep
 * it from ever beginning.
 */
export const COMPACTION_WAL_FILES_MAX = 8;
export const COMPACTION_WAITING_SEGMENTS_MAX = 64;

/** Delay of the next compaction after one has failed (on a full disk, say). */
export const COMPACTION_RETRY_MS = 1 * MINUTE_MS;

// ── Retention ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Age in a retention rule. Shorter ones would rewrite segments all the time; longer ones are `forever`. Beyond: refused. */
export const RULE_AGE_MS_MIN = 1 * HOUR_MS;
export const RULE_AGE_MS_MAX = 3660 * DAY_MS;

/** Retention rules; each new stream is compared with all of them. Beyond: refused. */
export const RETENTION_RULES_MAX = 1000;

/**
 * A segment is rewritten when this share of its rows has expired by rules; or when some expired this long ago. Below:
 * they stay a little longer, as rewriting costs all of the segment.
 */
export const RETENTION_REWRITE_SHARE_MIN = 0.3;
export const RETENTION_OVERDUE_MS_MAX = 7 * DAY_MS;

/**
 * Room that is kept free below --max-size: for the result of a compaction before its inputs go, and for writes until
 * the next test. The smallest --max-size (cli/flag-values/amount.ts) is four times as much.
 */
export const MAX_SIZE_RESERVE_BYTES = 256 * MIB;

/**
 * A clock that differs by more from the expected time has jumped. Beyond: retention uses the earlier of the two for
 * CLOCK_HOLD_MS, a day in which the clock can be set. Lines that arrived within CLOCK_LINES_MS and are all older than
 * the jump prolong it. A store whose manifest was rebuilt keeps everything for the same time. A quiet store records the
 * time every CLOCK_NOTED_MS.
 */
export const CLOCK_JUMP_MS = 1 * DAY_MS;
export const CLOCK_HOLD_MS = 1 * DAY_MS;
export const CLOCK_LINES_MS = 1 * HOUR_MS;
export const CLOCK_NOTED_MS = 1 * HOUR_MS;

// ── Disk ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Space that is left free, so that a flush (which needs room before it frees any) never meets a full disk: this much,
 * or this share of a small disk. Beyond: 503 for writes, reads go on.
 */
export const DISK_FREE_BYTES_MIN = 256 * MIB;
export const DISK_FREE_SHARE_MIN = 0.05;

/** Delay after which a client retries that met a full or failing disk, or a full queue. */
export const RETRY_AFTER_DISK_SECONDS = 10;
export const RETRY_AFTER_QUEUE_SECONDS = 1;

/**
 * Delay after which a client retries whose request killed a worker thread: at once, it would kill the next worker, too.
 */
export const RETRY_AFTER_DEATH_SECONDS = 10;

/**
 * Delay after which a client retries whose new log files or streams found no room: others are forgotten or expire
 * meanwhile.
 */
export const RETRY_AFTER_ROOM_SECONDS = 10;

/** Interval of the tests of age, retention, expiry and free space. Beyond: they take effect this much later. */
export const HOUSEKEEPING_MS = 5 * SECOND_MS;

/** Delay before a failed flush is retried; it doubles up to the second. */
export const FLUSH_RETRY_MS_MIN = 1 * SECOND_MS;
export const FLUSH_RETRY_MS_MAX = 5 * MINUTE_MS;

/**
 * Flushes of a WAL file that the disk cannot read completely, over seven seconds or more, as a disk may fail for a
 * moment. The last one leaves out what still cannot be read: the file is kept in quarantine/, and later files are
 * flushed.
 */
export const FLUSH_READ_TRIES_MAX = 4;

/** Positions that a segment keeps for a lost manifest, decompressed. Beyond: they count as damaged. */
export const SAVED_POSITIONS_BYTES_MAX = 256 * MIB;

/** How long a segment or row group that could not be read is left out of answers before the next attempt. */
export const UNREADABLE_RETRY_MS = 1 * MINUTE_MS;

// ── Erasure ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Erasures that are not done; each holds its filter in memory and in a file. Beyond: 503. */
export const ERASURES_WAITING_MAX = 100;

/**
 * Records of erasures that are done and not remembered, about 300 bytes each: proof that they were done. Beyond: the
 * oldest is removed.
 */
export const ERASURES_KEPT_MAX = 1000;

/**
 * Remembered erasures, with their filters in memory and in files: 40 bytes of each are in the manifest, and a restored
 * store is searched once for each. Beyond: the oldest is forgotten, which the log says.
 */
export const ERASURES_REMEMBERED_MAX = 500;

/** Size of the filters of remembered erasures, each at most as long as a request's URL. Beyond: as above. */
export const ERASURES_REMEMBERED_BYTES_MAX = 1 * MIB;

/**
 * How long lines of before a remembered erasure wait for others before they are looked at together: each time that some
 * match, the WAL is flushed and a segment rewritten.
 */
export const ERASE_AGAIN_DELAY_MS = 10 * SECOND_MS;

// ── Workers ────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Worker threads, whatever the number of cores; each costs about 15 MB. With three, a flush and a compaction may both
 * run and leave one to pushes and queries, and the kernel shares the cores among them.
 */
export const WORKERS = 3;

/** Tasks of one kind of work that wait for a worker. Beyond: 503. */
export const QUEUED_TASKS_MAX = 1000;

/**
 * How long a task that can be done in parts has a worker that others wait for; one part more, a row group, takes up to
 * 50 ms. Beyond: it continues in its flow's next turn.
 */
export const TASK_SLICE_MS = 20;

/** Workers' time of a query that is served before longer ones. Beyond: it becomes a longer one. */
export const SHORT_QUERY_MS = 250;

/** JavaScript heap of one worker; buffers are outside of it. Beyond: the worker dies, its task fails, another starts. */
export const WORKER_HEAP_MIB_MAX = 512;

/**
 * Garbage that a thread, a worker or the main one, allocates after a collection before the next one, which takes about
 * five milliseconds. With half as much, lines that arrive as NDJSON take 40 % more CPU time, and an answer of all lines a
 * quarter. Beyond: the allocations of one piece of work.
 */
export const THREAD_GARBAGE_BYTES_MAX = 48 * MIB;

/**
 * The same once the process uses this share of its cgroup's memory limit, or of the pod's in the manifests where there
 * is none: memory is then worth more than time. Long queries take turns then, and maintenance does not begin beside other
 * work.
 */
export const THREAD_GARBAGE_SCARCE_BYTES_MAX = 12 * MIB;
export const MEMORY_SCARCE_SHARE = 0.62;
export const POD_MEMORY_BYTES = 640 * MIB;

/**
 * How long a long query may have the workers to itself where memory is scarce, in their time: most end in it. Beyond: the
 * next one has its turn, as an answer of all lines may take hours.
 */
export const LONG_QUERY_TURN_MS = 30 * SECOND_MS;

/**
 * From this share on, workers empty their caches when they collect garbage, and not again for this long: memory that the system
 * has given is not always given back, and an answer of all lines took half as much CPU time again.
 */
export const MEMORY_SHORT_SHARE = 0.66;
export const CACHES_EMPTIED_MS_MIN = 5 * SECOND_MS;

/** How long maintenance waits for memory. Beyond: it begins all the same, as the store gets slower without it. */
export const MAINTENANCE_HELD_BACK_MS_MAX = 1 * MINUTE_MS;

/** How often a thread looks at the memory that the process takes: 26 µs. */
export const MEMORY_SAMPLE_MS = 50;

/** Young generation of one worker's heap; results are buffers outside of it. Beyond: it is collected. */
export const WORKER_YOUNG_MIB_MAX = 4;

// ── Query ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Lines of an answer by default: a screen or two. */
export const LIMIT_DEFAULT = 100;

/** Lines of an answer: times and places of this many rows are held in memory (about 10 MB). Beyond: 400. */
export const LIMIT_MAX = 100_000;

/**
 * Lines of all answers in flight, twenty of the longest; each client's limit counts until its lines are found. Beyond:
 * 503, except for answers of a few lines, as on a screen, whose number QUERIES_AT_ONCE_MAX limits.
 */
export const ANSWER_ROWS_HELD_MAX = 20 * LIMIT_MAX;
export const ANSWER_ROWS_FEW = 1000;

/**
 * Text of all answers that is buffered for clients, of which the next piece takes this share at most; and the smallest
 * piece, unless it is one line of LINE_BYTES_MAX. Beyond: pieces get smaller, and answers slower.
 */
export const ANSWER_TEXT_BYTES_MAX = 32 * MIB;
export const ANSWER_PIECE_SHARE = 1 / 8;
export const ANSWER_PIECE_BYTES_MIN = 64 * KIB;

/** Answers in flight: each may hold two pieces, and two lines of the longest. Beyond: 503. */
export const ANSWERS_AT_ONCE_MAX = 128;

/**
 * A client that reads nothing of its answer for this long is disconnected: rows and deleted segments are held for it.
 */
export const ANSWER_STALLED_MS_MAX = 5 * MINUTE_MS;

/** Lines of history before a live tail, as in `tail -f`. */
export const FOLLOW_LIMIT_DEFAULT = 10;

/**
 * Live tails, of all callers and of one; a caller is a token, or an address where there are none. Each holds a connection,
 * and its filter is applied to every new line. Beyond: 503.
 */
export const TAILS_MAX = 512;
export const TAILS_OF_CALLER_MAX = 256;

/**
 * How much older than a line those may be that arrived after it: agents are behind by seconds. A live tail that goes on after a
 * line that was flushed meanwhile begins this much before it. Beyond: such lines are missed; a tail goes on in the WAL
 * without this limit.
 */
export const TAIL_LATE_MS_MAX = 1 * MINUTE_MS;

/**
 * Row groups that wait to be searched for live tails. Beyond: the tails end with an error; the workers are too slow for
 * them.
 */
export const TAIL_GROUPS_WAITING_MAX = 4096;

/**
 * Rows that are searched together for live tails, if they arrive during the previous search. Beyond: in the next
 * search.
 */
export const TAIL_ROWS_AT_ONCE = 65_536;

/** Approximate text of one such search. Beyond: the next one goes on where it ended. */
export const TAIL_TEXT_BYTES_AT_ONCE = 8 * MIB;

/** Approximate size of a piece of it: a stream holds two of them for a slow client. */
export const TAIL_PIECE_BYTES = 64 * KIB;

/**
 * Pieces that are passed to tails without a pause: each is written to a socket, 20 µs. Beyond: after other pending
 * work.
 */
export const TAIL_HANDED_OVER_AT_ONCE = 32;

/** Text and pieces that are queued for the client of a live tail. Beyond: the tail ends with an error. */
export const TAIL_TEXT_BYTES_MAX = 8 * MIB;
export const TAIL_TEXTS_MAX = 4096;

/** Text that is queued for the clients of all live tails. Beyond: those with the longest queues end with an error. */
export const TAILS_TEXT_BYTES_MAX = 64 * MIB;

/** Delay after which a client retries whose tail was refused or ended. */
export const RETRY_AFTER_TAILS_SECONDS = 10;

/**
 * Queries that run at the same time, of all callers and of one. They share the workers, so with more of them each would
 * only take longer; each holds its results. Beyond: they wait.
 */
export const QUERIES_AT_ONCE_MAX = 64;
export const QUERIES_OF_CALLER_AT_ONCE_MAX = 32;

/** Queries that wait, of all callers and of one, and how long. Beyond: 503. */
export const QUERIES_WAITING_MAX = 256;
export const QUERIES_OF_CALLER_WAITING_MAX = 128;
export const QUERY_WAIT_MS_MAX = 30 * SECOND_MS;

/**
 * How long a query may search before its first line, or before its counts are complete. It holds a slot and its
 * results. Beyond: 413.
 */
export const QUERY_RUN_MS_MAX = 10 * MINUTE_MS;

/** Time zones of queries that are kept, 30 KB each. Beyond: the least recently used are looked up again, 50 µs each. */
export const TIME_ZONES_KEPT_MAX = 16;

/** Labels and fields that one query filters by; each is tested against the labels of every stream. Beyond: 400. */
export const FILTERS_MAX = 100;

/** Values of one parameter; each is compared with every distinct value of a column. Beyond: 400. */
export const VALUES_PER_FILTER_MAX = 100;

/** Length of one value or text. Beyond: 400. */
export const TEXT_BYTES_MAX = 4096;

/**
 * Length of a search text, levels of its parentheses and negations, and conditions in it. Each level takes three masks of a
 * row group, 200 KB. Beyond: 400.
 */
export const SEARCH_TEXT_BYTES_MAX = 8192;
export const SEARCH_DEPTH_MAX = 32;
export const SEARCH_TERMS_MAX = 100;

/** Length of a LogQL query, as Loki limits it, and levels of its expressions. Beyond: 400. */
export const LOGQL_BYTES_MAX = 128 * KIB;
export const LOGQL_DEPTH_MAX = 200;

/**
 * Templates of LogQL that execute one another, and how often loops and templates are executed for one line. Beyond: the line has
 * a TemplateFormatErr.
 */
export const TEMPLATE_DEPTH_MAX = 200;
export const TEMPLATE_STEPS_MAX = 1_000_000;

/** Matchers of a stream selector; each is compared with every stream. Beyond: 400. */
export const LOGQL_MATCHERS_MAX = 50;

/** Selectors of a question about labels or series; each asks the store for streams. Beyond: 400. */
export const LOKI_SELECTORS_MAX = 32;

/** Conditions of a query that the store decides; each takes masks of a row group. Beyond: lines are tested when they are read. */
export const LOGQL_CONDITIONS_MAX = 300;

/** LogQL runs on the main thread in slices of this time: others wait no longer for their turn. */
export const LOGQL_SLICE_MS = 8;

/** Lines of a log query: as many as Loki gives by default and at most. Beyond: 400. */
export const LOGQL_LINES_DEFAULT = 100;
export const LOGQL_LINES_MAX = 5000;

/** Lines of an answer and their labels; they are in memory at once. Beyond: 413. */
export const LOGQL_ANSWER_BYTES_MAX = 64 * MIB;

/** Time range of a query, as Loki limits it by default: 30 days and an hour. Beyond: 400. */
export const LOGQL_RANGE_MS_MAX = 30 * DAY_MS + 1 * HOUR_MS;

/** Points of a series of a range query, as in Prometheus. Beyond: 400. */
export const LOGQL_POINTS_MAX = 11_000;

/** Series of an answer, as Loki limits them. Beyond: 400 that says so in its words. */
export const LOGQL_SERIES_MAX = 500;

/**
 * Groups of lines that LogQL counts without reading them: label sets times parts of windows; what they take is within
 * AGGREGATE_TABLE_BYTES_MAX, too. Beyond: lines are read.
 */
export const LOGQL_GROUPS_MAX = 250_000;

/**
 * Numbers of a range aggregation that LogQL looks at one by one: about 0.4 s of CPU. Beyond: the store measures them where it can,
 * and quantiles of windows with more than QUANTILE_NUMBERS_KEPT_MAX numbers are within ±0.5 %.
 */
export const LOGQL_NUMBERS_EXACT_MAX = 250_000;

/** Series of one range aggregation, before others group them; their windows count towards AGGREGATE_BYTES_MAX, too. Beyond: 400. */
export const LOGQL_SERIES_HELD_MAX = 50_000;

/** Series of an answer about volumes: by default, and at most, as Loki limits them. Beyond: those with most bytes; 400. */
export const LOKI_VOLUME_SERIES_DEFAULT = 100;
export const LOKI_VOLUME_SERIES_MAX = 1000;

/** Fields that are detected in lines, or values of one, by default, as in Loki. Beyond: the first ones. */
export const LOKI_FIELDS_DEFAULT = 1000;

/** Width of the steps in which lines of a pattern are counted for clients of Loki, at least, as there. Beyond: wider. */
export const LOKI_PATTERN_STEP_MS_MIN = 10_000;

/** How long a tail of Loki's API may let lines wait for such as are late, in seconds, as there. Beyond: 400. */
export const LOKI_TAIL_DELAY_SECONDS_MAX = 5;

/** Lines that wait so. Beyond: they are sent at once. */
export const LOKI_TAIL_GATHERED_BYTES_MAX = 128 * KIB;

/** Lines of one message of such a tail, as in Loki, and their size. Beyond: further messages. */
export const LOKI_TAIL_LINES_AT_ONCE = 100;
export const LOKI_TAIL_BYTES_AT_ONCE = 64 * KIB;

/** Lines that a slow client has lost, and whose times and labels one message says, as in Loki. Beyond: they are not said. */
export const LOKI_TAIL_DROPPED_MAX = 1000;

/** Interval at which such a tail pings its client, as Loki does: proxies keep the connection, and a dead one is noticed. */
export const LOKI_TAIL_PING_MS = 1 * SECOND_MS;

/** A message from the client of a WebSocket: none is expected but control frames. Beyond: the connection ends. */
export const SOCKET_MESSAGE_BYTES_MAX = 4 * KIB;

/** How long the end of a WebSocket waits for its client's. Beyond: the connection is closed. */
export const SOCKET_END_MS_MAX = 2 * SECOND_MS;

/** Query of a request of Loki's API that deletes lines: it is kept with the erasure, and listed. Beyond: 400. */
export const LOKI_DELETE_BYTES_MAX = 8 * KIB;

/** Sets of tenants that were asked together and whose routes are kept. Beyond: those of the least recently used are made again. */
export const TENANT_UNIONS_KEPT_MAX = 16;

/** Lines of several tenants that are put together at once. Beyond: further blocks. */
export const UNION_ROWS_AT_ONCE = 1000;

/** A form that is posted to a route of Loki's API: a query and some times. Beyond: 413. */
export const LOKI_FORM_BYTES_MAX = 1 * MIB;

/**
 * Distinct values of a column that are compared one by one with the part of a searched text that a value may be, 20 µs.
 * Beyond: only their byte set is tested.
 */
export const BOUNDARY_VALUES_MAX = 4096;

/** Row groups are scanned together up to this many rows, full ones by four: a message costs as much as testing one. */
export const SCAN_ROWS_AT_ONCE = 262_144;

/**
 * Row groups of which a task reads what some names say in a few rows, by their rows: sixteen full ones, which take a few
 * milliseconds. Beyond: several tasks.
 */
export const VALUES_ROWS_AT_ONCE = 1_048_576;

/** Row groups in which a task searches for streams: a task that yields is sent again with the remaining ones. */
export const STREAMS_GROUPS_AT_ONCE = 256;

/** Rows of the first scan of a query; each of the next ones may have twice as many, up to SCAN_ROWS_AT_ONCE. */
export const SCAN_ROWS_AT_FIRST = 8192;

/**
 * Up to this many row groups, which an index leaves for an id, are scanned at once: stopping early would save nothing.
 */
export const SCAN_GROUPS_FEW = 16;

/** Tasks of one query in the workers' hands: one fewer than WORKERS, so that a long query leaves one to all others. */
export const SCANS_AT_ONCE = 2;

/**
 * How long an answer of all lines holds one view of the store, whose deleted files take room until then; ANSWER_STALLED_MS_MAX
 * more where its client does not read. Beyond: it goes on in a new view, after the line that it has come to.
 */
export const VIEW_HELD_MS_MAX = 1 * MINUTE_MS;

/**
 * Lines that arrive while an answer of all lines is read: those of a later view that are newer than its beginning by more than
 * clocks differ. Beyond: left out, as it would never end where lines come as fast as its client reads.
 */
export const ANSWER_CLOCK_AHEAD_MS_MAX = 1 * HOUR_MS;

/** Containers, pods or values of which `per` gives lines: a search of some milliseconds each. Beyond: 413. */
export const PER_GROUPS_MAX = 500;

/** Lines before and after a line by default, and at most. Beyond: 400 for a number, 413 for a duration. */
export const AROUND_LINES_DEFAULT = 25;
export const AROUND_LINES_MAX = 10_000;

/**
 * Rows that a walk over all matching lines holds at once, 22 bytes each, until they are rendered: those of four full row
 * groups. Beyond: fewer of each row group are found, and it is scanned again for the next ones.
 */
export const WALK_ROWS_HELD_MAX = 262_144;

/**
 * Lines that a walk renders in one task, and their bytes: the more there are, the less often a row group's columns are
 * decoded. Beyond: in the next task.
 */
export const WALK_ROWS_AT_ONCE = 16_384;
export const WALK_BYTES_AT_ONCE = 2 * MIB;

/**
 * Lines of the first piece of an answer: about 0.5 MB of text, which a client takes while the next are rendered. Each piece may
 * have twice as many as the one before: the more there are, the less often a row group's columns are decoded. Beyond: in the
 * next piece.
 */
export const RENDER_ROWS_AT_FIRST = 1000;
export const RENDER_ROWS_AT_ONCE = 8192;

/**
 * Columns that a query of lines may ask for, and the bytes of their names: those of a field that is indexed, and of what is put
 * before it. Beyond: the query is refused.
 */
export const COLUMNS_MAX = 100;
export const COLUMN_NAME_BYTES_MAX = 300;

/** Text of one piece of an answer: a thousand lines may have a gigabyte. Beyond: the rest is in the next piece. */
export const RENDER_BYTES_AT_ONCE = 4 * MIB;

/**
 * Names or values of labels in an answer; enough for 60,000 pods. Beyond: the first ones when sorted, and the answer
 * says that it is cut.
 */
export const LABELS_ANSWER_BYTES_MAX = 4 * MIB;

/**
 * Lines of a request in its answer, and the bytes of them: a request of a few services has ten. Beyond: the answer has the
 * first ones, the number of all, and a summary of the first and of the last REQUEST_LAST_LINES_MAX.
 */
export const REQUEST_LINES_MAX = 1000;
export const REQUEST_BYTES_MAX = 1 * MIB;
export const REQUEST_LAST_LINES_MAX = 100;

/** Requests of a user in an answer, by default and at most; pages go on with `until`. Beyond: 400. */
export const USER_REQUESTS_DEFAULT = 100;
export const USER_REQUESTS_MAX = 1000;

/**
 * Lines of a user's requests that are read for the totals, and their bytes: those of a person in a day are hundreds. Beyond:
 * the totals are of the newest, and say so.
 */
export const USER_LINES_MAX = 10_000;
export const USER_BYTES_MAX = 4 * MIB;

/** Failed requests of a page whose error is looked for in other lines. Beyond: they have only what their own line says. */
export const USER_FAILED_EXPLAINED_MAX = 100;

/** How far apart the lines of one request may be that are looked at as one. Beyond: they are two requests. */
export const USER_REQUEST_SPAN_SECONDS_MAX = 60;

/** What an answer quotes of a line where it refers to it. Beyond: cut, with `…`. */
export const REQUEST_WORDS_CHARS_MAX = 200;

/**
 * Saved views, in all and of one owner (a token, or all of them), and the JSON of one: all are in memory, and written with each
 * change. Beyond: 409, 413.
 */
export const VIEWS_MAX = 1000;
export const VIEWS_OF_OWNER_MAX = 100;
export const VIEW_BYTES_MAX = 8 * KIB;

/** Name of a view, and its columns. Beyond: 400. */
export const VIEW_NAME_CHARS_MAX = 100;
export const VIEW_COLUMNS_MAX = 32;

/** Groups of /stats, those with most lines: namespaces, or pods. Beyond: the answer says that it is cut. */
export const STATS_GROUPS_MAX = 1000;

/** Restarted containers whose previous run a question is about: a megabyte of conditions. Beyond: 413. */
export const PREVIOUS_CONTAINERS_MAX = 5000;

/** Groups of an answer by default; the answer always has the number of all groups. */
export const AGGREGATE_LIMIT_DEFAULT = 100;

/**
 * Groups of an answer, time buckets times values: about 2 MB of text; their quantiles fit into the memory below.
 * Beyond: 400 for a limit, 413 for a histogram.
 */
export const AGGREGATE_LIMIT_MAX = 10_000;

/**
 * Memory of the groups that are counted exactly, in each of a query's two partitions: 28 bytes a number, 44 and its own
 * a text. Beyond: two passes find the largest groups without holding the others.
 */
export const AGGREGATE_HELD_BYTES_MAX = 7 * MIB;

/**
 * Memory of one table of groups, used; its arrays may be twice as large, and a query has two tables. Room for 500,000 numbers
 * that may be among the largest, which are as many only where none is much larger than the others. Beyond: 413; a coarser
 * step or fields with fewer values are wanted.
 */
export const AGGREGATE_TABLE_BYTES_MAX = 16 * MIB;

/**
 * Values of a column that are looked up together, and the bytes of their texts: few enough for the fastest cache of a core.
 * Beyond: with the next ones.
 */
export const AGGREGATE_KEYS_AT_ONCE = 1024;
export const AGGREGATE_KEY_BYTES_AT_ONCE = 64 * KIB;

/** Combinations of values of a row group that are counted in an array. Beyond: each row has a code of its own. */
export const AGGREGATE_COMBINATIONS_MAX = 262_144;

/**
 * Runs of rows of one step that are kept with their row group for as long as a worker keeps its header: a chart is asked for
 * time and again, with the same steps. 1 KB a row group. Beyond: they are looked for again.
 */
export const AGGREGATE_RUNS_KEPT_MAX = 128;

/** Groups that are measured while they are counted. Beyond: those of the answer are measured in another pass. */
export const AGGREGATE_MEASURED_AT_ONCE_MAX = 1000;

/**
 * Groups whose quantiles are measured at once, and the memory of them in one table: of 10,000 groups, 75 numbers each that
 * are far from each other, or four times as many that are not. Only a query that orders its groups by a quantile measures
 * more than an answer has. Beyond: 413.
 */
export const AGGREGATE_SKETCHES_MAX = 16_384;
export const AGGREGATE_SKETCHES_BYTES_MAX = 40 * MIB;

/** Numbers of a group that are kept as they are: half a kilobyte, 8 MB of all groups. Beyond: they are sketched. */
export const QUANTILE_NUMBERS_KEPT_MAX = 64;

/**
 * Different values, of all groups together, that are counted exactly, in each of a query's two partitions: up to 24 MB.
 * Beyond: sketches of each group estimate the number, and the answer states the error.
 */
export const DISTINCT_VALUES_MAX = 1_000_000;

/** Memory of the sketches of different values in one table: 16 KB a group, or 1 KB of many groups. Beyond: 413. */
export const DISTINCT_SKETCHES_BYTES_MAX = 16 * MIB;

/** Tables of all running aggregations and facets. Beyond: 503. */
export const AGGREGATE_BYTES_MAX = 128 * MIB;

/**
 * Rows that one task of an aggregation counts: 20 to 100 ms of those that count groups. Others get their turn, and a client
 * that leaves ends it, after any row group. Beyond: the next task gets the partial aggregate.
 */
export const AGGREGATE_ROWS_AT_ONCE = 2_097_152;

/** Buckets of a histogram, empty ones included. Beyond: 400 that names a longer step. */
export const HISTOGRAM_BUCKETS_MAX = 2000;

/** Number of buckets for which a step is chosen by default: as many as a chart shows well. */
export const HISTOGRAM_BUCKETS_AUTO = 100;

/** A step of a histogram: a century. Beyond: 400. */
export const HISTOGRAM_STEP_MS_MAX = 36_500 * DAY_MS;

/**
 * Time range of a histogram by default: days before now, and after it, as clocks differ. Beyond: lines are counted
 * before or after the shown range, unless there are no others.
 */
export const HISTOGRAM_PAST_DAYS = 366;
export const HISTOGRAM_LEAD_DAYS = 1;

/** Share of lines that are left out of such a histogram if they are far from all others. Beyond: it shows them. */
export const HISTOGRAM_STRAY_SHARE_MAX = 0.01;

/** Steps of a window: a day in steps of five minutes. Beyond: 400. */
export const WINDOW_STEPS_MAX = 288;

/** Groups of steps, times the windows that each is part of: about a second of a worker. Beyond: 413. */
export const WINDOW_GROUPS_MAX = 1_000_000;

/** What an aggregation measures of each kind: numbers of fields, different values, conditions. Beyond: 400. */
export const AGGREGATE_MEASURES_MAX = 4;

/** Fields that an aggregation is grouped by. Beyond: 400. */
export const AGGREGATE_BY_MAX = 4;

/** Distinct values that a facet counts; a field with more is an id, and the answer only has the number of its lines. */
export const FACET_VALUES_MAX = 1000;

/** Filters of a question without an answer that are left out in turn, and names of it that are looked up. */
export const HINT_FILTERS_MAX = 8;
/** Characters of a value that is looked at for the manner of another tool: what people type. Beyond: no advice about its form. */
export const HINT_VALUE_LENGTH_MAX = 512;
/** Advice in one answer. */
export const HINTS_MAX = 6;
/** Time that is spent on the advice of one answer. */
export const HINTS_MS_MAX = SECOND_MS;
/**
 * Bytes of the row groups that a part of the advice reads (the name that was meant, a wider range, each filter left out): so many
 * times those that the answer has read, and at least these many, 80 merged row groups in 50 ms of a worker. To open one costs as
 * much as reading so many bytes of it. Beyond: there is less advice.
 */
export const HINTS_READ_FACTOR = 2;
export const HINTS_READ_BYTES_MIN = 128 * MIB;
export const HINTS_GROUP_BYTES = 32 * KIB;

/** Names of labels and fields whose facets are counted. Beyond: the answer has the most frequent ones, and says so. */
export const FACET_NAMES_MAX = 10_000;
export const FACET_NAMES_CUT = 1000;

/**
 * Memory of the names and values of one answer's facets, in a worker and on the main thread; names alone take at most 6
 * MB of it. Beyond: fewer values of each name are counted, and the answer has their number.
 */
export const FACETS_BYTES_MAX = 8 * MIB;

/**
 * Sides of a question for facets without their own filters that are counted in one visit of the row groups: each takes two bytes a
 * row of a row group, in a worker, and a table of its own. Beyond: they are visited once more.
 */
export const FACET_SIDES_AT_ONCE = 8;

/** Patterns of an answer: with their trends, no more counts than those of a histogram. Beyond: 400. */
export const PATTERNS_LIMIT_DEFAULT = 50;
export const PATTERNS_LIMIT_MAX = 200;

/** Steps of a pattern's trend, about: as many as a chart in a row of a table shows. */
export const PATTERN_TREND_BUCKETS = 40;

/** Lines that are shown for each pattern, and of each of them the bytes. Beyond: 400; an example is cut, and says so. */
export const PATTERN_EXAMPLES_DEFAULT = 1;
export const PATTERN_EXAMPLES_MAX = 3;
export const EXAMPLE_BYTES_MAX = 2048;

/**
 * The newest lines, among which examples of most patterns are, and how often those of patterns without one are read. Beyond:
 * examples are searched for pattern by pattern, some at once.
 */
export const PATTERN_EXAMPLES_NEWEST = 300;
export const PATTERN_EXAMPLE_ROUNDS = 4;
export const PATTERN_SEARCHES_AT_ONCE = 4;

/** Differences of a comparison in an answer. Beyond: 400. */
export const COMPARE_LIMIT_DEFAULT = 20;
export const COMPARE_LIMIT_MAX = 200;

/**
 * What counts as a difference: lines on the side that has more, the log-likelihood ratio (one of a thousand is larger by chance),
 * and how many times one share is the other. Below: it is not in the answer.
 */
export const COMPARE_ROWS_MIN = 5;
export const COMPARE_DIFFERENCE_MIN = 10.83;
export const COMPARE_RATIO_MIN = 1.2;

/**
 * The newest of the first lines, which show whether values that are too many to count are numbers or texts, and which of them are
 * frequent. Values that are longer than this have no shapes that tell anything.
 */
export const COMPARE_SAMPLE_LINES = 500;
export const COMPARE_SHAPE_BYTES_MAX = 256;

/** Names with too many values to count whose most frequent values are compared, and how many of each. Beyond: only their shapes. */
export const COMPARE_IDS_MAX = 8;
export const COMPARE_ID_VALUES = 5;

/** Share of the sample that such a value must have, or it is one id of many. */
export const COMPARE_ID_SHARE_MIN = 0.01;

/** The pattern of a line: enough for a sentence. Beyond: it is cut, and lines that differ only afterwards are of one kind. */
export const PATTERN_BYTES_MAX = 256;

/** Values of a facet in an answer by default, the most frequent ones. */
export const FACET_TOP_DEFAULT = 10;

/** Decoded columns that a worker keeps. Beyond: those are decoded again that have waited longest for their next use. */
export const WORKER_CACHE_BYTES_MAX = 16 * MIB;

/**
 * Decoded columns of the row group that a worker is reading, which do not displace kept ones. Beyond: they are decoded
 * again within the row group.
 */
export const PASSING_PARTS_BYTES_MAX = 8 * MIB;

/**
 * Memory of such columns that is used again for those of the next row group: their garbage was a third of the CPU of questions
 * that read whole columns of a large store. Those of a row group of 64 Ki rows take half of it. Beyond: they are allocated each time.
 */
export const PASSING_MEMORY_BYTES_MAX = 4 * MIB;

/** Decoded columns of which a worker knows when it decoded them: about 200 bytes each. Beyond: they count as new. */
export const DECODED_PARTS_KNOWN_MAX = 4096;

/**
 * Memory of tables of groups that a worker keeps for the next ones, once they are done with: those of a lane of 250,000
 * groups. Beyond: it is freed at once.
 */
export const ARRAYS_KEPT_BYTES_MAX = 12 * MIB;

/** Buffer that a thread keeps for text with its letters folded. Beyond: a larger one is allocated each time. */
export const NEEDLE_SCRATCH_BYTES_MAX = MIB;

/** Lists of names asked for at once whose lookups a thread keeps: each task has a list of its own. Beyond: they are made again. */
export const ASKED_NAMES_KEPT_MAX = 4;

/** Compiled regular expressions that a thread keeps. Beyond: the least recently used are compiled again. */
export const REGEXPS_KEPT_MAX = 64;

/**
 * Time that the regular expressions of a query may take in one row group; a second is much for 64 Ki lines. Beyond:
 * 413. The clock is read after this many bytes: an expression may take a second for a line of a megabyte.
 */
export const REGEXP_MS_MAX = 5 * SECOND_MS;
export const REGEXP_CLOCK_BYTES = 64 * KIB;

/**
 * Masks (a byte for each row or value) that a worker keeps from one row group to the next: thirty for row groups of 64
 * Ki rows. Beyond: they are allocated each time.
 */
export const MASKS_KEPT_BYTES_MAX = 2 * MIB;

/**
 * Codes of folded values, 4 bytes each, in which a worker finds the patterns of a row group's lines: four columns of one of 64 Ki rows.
 * Beyond: they are allocated each time.
 */
export const FOLDED_CODES_KEPT_BYTES_MAX = 1 * MIB;

/**
 * Headers of the segments' indexes that a worker keeps: 8 bytes for each block of about a kilobyte, 4 for each name of a field, and 8
 * for each gram of texts, of which a segment has some thousand. Beyond: read again.
 */
export const WORKER_INDEXES_BYTES_MAX = 8 * MIB;

/**
 * Headers of row groups that a worker keeps, decoded: 400 of 40 KB, as busy nodes have them. Beyond: those are read and decoded again that
 * have waited longest for their next use.
 */
export const WORKER_HEADERS_BYTES_MAX = 15 * MIB;

/**
 * Label sets that these headers share: 1,400 streams of five labels. Beyond: a header has labels of its own, which count as part of
 * it.
 */
export const WORKER_LABELS_BYTES_MAX = 1 * MIB;

/** Headers that a worker has just read, which do not displace kept ones. Beyond: read again. */
export const PASSING_HEADERS_BYTES_MAX = 1 * MIB;

/** Headers of which a worker knows when it read them: about 200 bytes each. Beyond: they count as new. */
export const HEADERS_KNOWN_MAX = 4096;

/** Buffer that a worker keeps for each piece of a row group that it reads side by side. Beyond: memory of its own. */
export const PEEK_KEPT_BYTES_MAX = 1 * MIB;

/** Files that a worker keeps open, and for how long: a deleted one takes room until then. Beyond: opened again. */
export const OPEN_FILES_MAX = 32;
export const OPEN_FILE_MS_MAX = 10 * SECOND_MS;

// ── HTTP ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Answers in one piece are compressed from this size on. Below: a packet is a packet. */
export const COMPRESSED_ANSWER_BYTES_MIN = 1 * KIB;

/**
 * Levels of compressed answers. Of the sample's lines, gzip 3 takes 5 ms a megabyte for 5:1, 6 takes 9 for 5.7:1; zstd 1 takes
 * 1.5 ms for 6:1.
 */
export const GZIP_ANSWER_LEVEL = 3;
export const ZSTD_ANSWER_LEVEL = 1;

/**
 * Streamed answers that are compressed at the same time: each holds a window of 0.3 MB (gzip) to 1.5 MB (zstd), and they share
 * libuv's threads with fsyncs. Beyond: sent as they are.
 */
export const ANSWERS_COMPRESSED_AT_ONCE_MAX = 32;

/** Request line and headers; the longest queries have 8 KiB. Beyond: 431. */
export const HEADERS_BYTES_MAX = 16 * KIB;

/** Time for the headers, counted from the opening of the connection. A slow link takes a second. Beyond: 408. */
export const HEADERS_RECEIVE_MS_MAX = 10 * SECOND_MS;

/** Time for a whole request: more than the limits of bodies allow, for cases that those do not cover. Beyond: 408. */
export const REQUEST_RECEIVE_MS_MAX = 5 * MINUTE_MS;

/** How often connections are checked against these two. Beyond: they end this much later. */
export const CONNECTIONS_CHECK_MS = 2 * SECOND_MS;

/**
 * Connections, about 12 KB each: an agent has two, so 4,000 nodes. Beyond: an idle one is closed, first that of a
 * stranger, and a new one is refused when none is idle.
 */
export const CONNECTIONS_MAX = 8192;

/** Connections without an authenticated request so far; that takes milliseconds. Beyond: the oldest of them is closed. */
export const STRANGER_CONNECTIONS_MAX = 512;

/**
 * Requests in flight on one connection. No current client sends a second one before the first answer. Beyond: closed.
 */
export const PIPELINED_REQUESTS_MAX = 16;

// ── Access ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Lines of a `limit` from which on an answer is an export, which has an audit line, as has `limit=all`: far more than a screen or a
 * page of it shows.
 */
export const AUDITED_LINES_MIN = 10_000;

/**
 * Failed sign-ins of an address have an audit line at once and one after each interval, for a limited number of addresses.
 * Beyond: others are counted together.
 */
export const AUDIT_FAILED_LOGINS_MS = 10 * MINUTE_MS;
export const AUDIT_ADDRESSES_MAX = 1000;

/** Sessions that a token opens in a minute, each of which has an audit line. Beyond: 503. */
export const LOGINS_OF_CALLER_A_MINUTE_MAX = 30;

/**
 * How long a session of a browser holds that was opened with a token: a working week and a weekend. It ends earlier with its
 * token, with the token's rights, and on signing out. Beyond: 401, and the page asks for a token.
 */
export const SESSION_MS_MAX = 7 * DAY_MS;

/**
 * The same of a session that was opened with an identity provider: a day's work. The groups that it says are not asked for again
 * meanwhile.
 */
export const OIDC_SESSION_MS_MAX = 12 * HOUR_MS;

/** Time for signing in with an identity provider, second factors included. Beyond: it begins again. */
export const OIDC_SIGN_IN_MS_MAX = 10 * MINUTE_MS;

/** Sign-ins that ask the provider at the same time, each for two or three answers. Beyond: the page says to retry. */
export const OIDC_SIGN_INS_AT_ONCE_MAX = 16;

/** Finished sign-ins that are remembered, so that none is finished twice; 100 bytes each. Beyond: the provider alone refuses. */
export const OIDC_STATES_USED_MAX = 10_000;

/** One answer of the provider: its size, and the time until it is complete. Beyond: the sign-in fails. */
export const OIDC_ANSWER_BYTES_MAX = 1 * MIB;
export const OIDC_REQUEST_MS_MAX = 10 * SECOND_MS;

/** Age of what is known of the provider: its addresses and keys. Beyond: asked again with the next sign-in. */
export const OIDC_DISCOVERY_MS_MAX = 1 * HOUR_MS;

/** Warnings of failed sign-ins, with their reasons, come no closer together than this; the audit lines count all of them. */
export const LOGIN_WARNING_MS = 100;

/** Path to which a sign-in leads back; it is in a cookie meanwhile. Longer: to `/`. */
export const OIDC_RETURN_CHARS_MAX = 1000;

/** Users file: its size, its grants, and the proxies of forwardAuth. Beyond: refused. */
export const USERS_FILE_BYTES_MAX = 1 * MIB;
export const GRANTS_MAX = 1000;
export const PROXIES_MAX = 100;

/** Name of a user, and the groups that are read of one. Longer: refused. More: the first of them count. */
export const USER_NAME_CHARS_MAX = 128;
export const USER_GROUPS_MAX = 1000;

/** A session may seem to have begun this much later than now, where a clock was set back. Beyond: 401. */
export const SESSION_AHEAD_MS_MAX = 1 * MINUTE_MS;

/**
 * Sessions that have ended before their time, which are remembered until their time is over: in all, and of one caller; 100 bytes
 * each. Beyond: the oldest of them ends every session that began before it, of its caller or of everyone.
 */
export const SESSIONS_ENDED_MAX = 4096;
export const SESSIONS_ENDED_OF_CALLER_MAX = 64;

/** Sessions whose live tails end with them; 500 bytes each. Beyond: those of the one that was used longest ago end, and reconnect. */
export const SESSIONS_IN_USE_MAX = 1000;

/** A session's cookie: its name, its caller and its times. Longer ones are not the server's. */
export const SESSION_COOKIE_CHARS_MAX = 2048;

/** Length of a token: a shorter one could be guessed. 16 random characters are more than 2^64 tries. Below: refused. */
export const TOKEN_CHARS_MIN = 16;

/** Tokens in the tokens file; each request's is compared with all of them (0.2 µs each). Beyond: refused. */
export const TOKENS_MAX = 1000;

/** The tokens file; a Secret has the same limit. Beyond: refused. */
export const TOKENS_FILE_BYTES_MAX = 1 * MIB;

/** The rules file, and that of retention rules; a ConfigMap has the same limit. Beyond: refused. */
export const RULES_FILE_BYTES_MAX = 1 * MIB;

/** Rules in one list of the rules file; agents test each line against those of its container. Beyond: refused. */
export const RULES_MAX = 100;

/**
 * Delay after an event until the tokens file or the rules file is read again, and the interval without one. Beyond: a
 * change takes effect this much later.
 */
export const WATCHED_FILE_SETTLE_MS = 100;
export const WATCHED_FILE_MS_MAX = 30 * SECOND_MS;

/**
 * How long the Kubernetes API's acceptance of a token is cached, but never longer than the token lives; how long a
 * refusal is, so that repeated requests cost the API little. Beyond: the API is asked again.
 */
export const REVIEW_ACCEPTED_MS_MAX = 5 * MINUTE_MS;
export const REVIEW_REFUSED_MS_MAX = 10 * SECOND_MS;

/** Accepted tokens that are cached, about 300 bytes each; a cluster has 5,000 nodes. Beyond: asked again. */
export const REVIEWS_KEPT_MAX = 10_000;

/** Refused tokens that are cached, separately. Beyond: asked again. */
export const REFUSALS_KEPT_MAX = 1000;

/**
 * Reviews in flight of tokens that were not accepted before, in sum and for one address: made-up tokens must neither
 * load the API nor delay others. Beyond: 503.
 */
export const REVIEWS_AT_ONCE_MAX = 16;
export const REVIEWS_OF_ADDRESS_AT_ONCE_MAX = 4;

/** The Kubernetes API answers a review within milliseconds. Beyond: as if it were unavailable. */
export const REVIEW_MS_MAX = 5 * SECOND_MS;

/** Its answer; it repeats the token and adds a few names. Beyond: as if it were unavailable. */
export const REVIEW_ANSWER_BYTES_MAX = 256 * KIB;

/** Delay after which a client retries whose token cannot be reviewed now. */
export const RETRY_AFTER_REVIEW_SECONDS = 5;

/** Minimum interval between repeated warnings. */
export const COMPLAINT_MS = 1 * MINUTE_MS;

// ── Kubernetes ─────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * How long after the minute in a Job's name its pod may be created for it to be one of a CronJob: retries, a suspended Job, a
 * long deadline. Beyond: its owner is the Job.
 */
export const SCHEDULED_AGO_MS_MAX = 30 * DAY_MS;

/**
 * How long lines may wait after a start for the first list of pods. Beyond: they get only the labels from their paths.
 */
export const FIRST_LIST_WAIT_MS_MAX = 2 * SECOND_MS;

/**
 * How long lines of a pod that the watch has not reported yet may wait, once. It reports a pod within milliseconds, and mostly
 * before the container runs. Beyond: they get the labels that their paths give.
 */
export const POD_WAIT_MS_MAX = 500;

/**
 * Pods that were waited for in vain and are not waited for again, 50 bytes each. Beyond: the oldest is waited for
 * again.
 */
export const MISSED_PODS_MAX = 10_000;

/**
 * How long a deleted pod's labels are kept, and for how many pods (about 500 bytes each): its last lines may be on
 * their way, or wait for a server that was down. Beyond: lines get only the labels from their paths.
 */
export const DELETED_POD_KEPT_MS = 1 * HOUR_MS;
export const DELETED_PODS_MAX = 10_000;

/**
 * Objects of one page of a list. A pod has 5 to 40 KB of JSON, of which the server keeps a hundredth: the garbage of a
 * page is collected while the next one comes. With 2,000 pods of 11 KB the server takes 20 MB more than without a
 * cluster; with pages of 100, 50 MB.
 */
export const API_PAGE_OBJECTS = 25;

/** One answer of the API server, and one line of a watch; etcd accepts objects of 1.5 MiB at most. Beyond: retried. */
export const API_ANSWER_BYTES_MAX = 64 * MIB;
export const API_LINE_BYTES_MAX = 8 * MIB;

/**
 * Events of a watch that wait to be consumed, and their bytes: the client reads on whether or not they are. Beyond: the
 * watch is aborted, and resumed after the last event that was consumed.
 */
export const WATCH_EVENTS_WAITING_MAX = 1000;
export const WATCH_WAITING_BYTES_MAX = 16 * MIB;

/** An answer that makes no progress for this long is aborted and requested again. */
export const API_IDLE_MS_MAX = 30 * SECOND_MS;

/** A watch is requested to end after this time and resumed: a connection that died unnoticed ends with it. */
export const WATCH_SECONDS = 290;

/** All objects are listed again after this time, in case a watch has missed something. */
export const RELIST_MS = 1 * HOUR_MS;

/** Delays between attempts: the first, doubling up to the last, each shortened at random by up to a half. */
export const API_RETRY_MS_MIN = 500;
export const API_RETRY_MS_MAX = 30 * SECOND_MS;

/**
 * After this many failures of a watch in a row the objects are listed again: the version to resume from may be the
 * cause.
 */
export const WATCH_FAILURES_MAX = 5;

/**
 * What the server has learned about the cluster is stored this often, or after this many lines. Each time costs an
 * fsync.
 */
export const RECORD_DELAY_MS = 1 * SECOND_MS;
export const RECORD_ROWS_MAX = 500;

/** Events of a list that are not stored yet, about 500 bytes each. Beyond: the oldest are left out, and counted. */
export const LISTED_EVENTS_MAX = 20_000;

/**
 * The time of an event or of a container's termination is accepted within this distance of now. Beyond: an event gets
 * the time of arrival.
 */
export const EVENT_AGE_MS_MAX = 7 * DAY_MS;
export const EVENT_LEAD_MS_MAX = 1 * HOUR_MS;

/**
 * How much later than the last sign of a run its node's agent must have had everything stored before a marker reports
 * the run as unseen: pods and events come by two watches, and neither waits for the other.
 */
export const UNSEEN_GRACE_MS = 5 * SECOND_MS;

/** Interval of the search for runs without a trace. It costs a pass over the positions of the nodes that have any. */
export const UNSEEN_SWEEP_MS = 5 * SECOND_MS;

/**
 * Runs that are known for longer are not judged: the server may have forgotten their positions. It is below
 * GONE_FILE_KEPT_MS, since clocks differ; the API keeps events an hour. Beyond: no marker.
 */
export const UNSEEN_AGE_MS_MAX = 50 * MINUTE_MS;

/**
 * Containers whose runs are not judged yet, about 500 bytes each. Beyond: the oldest is left out, and has no marker.
 */
export const UNSEEN_CONTAINERS_MAX = 20_000;

/** Workloads whose changes are recorded, about 500 bytes each and 100 a pod. Beyond: changes of the others are not. */
export const WORKLOADS_MAX = 20_000;

/**
 * What pods and nodes use is sampled this often. Metrics servers measure about as often; a pod costs 1,440 lines a day, a few
 * bytes each in the files.
 */
export const USAGE_SAMPLE_MS = 1 * MINUTE_MS;

/** Lines of one sample, nodes before pods. Beyond: the others are left out, and counted. */
export const USAGE_LINES_MAX = 5_000;

/** Where there is no metrics API, it is asked for again after this time. */
export const USAGE_ABSENT_RETRY_MS = 10 * MINUTE_MS;

/** Interval at which the sizes of nodes are learned again. */
export const USAGE_NODES_MS = 10 * MINUTE_MS;

/** The API's time of a sample is accepted within this distance of now. Beyond: the time of arrival. */
export const USAGE_AGE_MS_MAX = 10 * MINUTE_MS;

/** Containers that ended longer ago are ignored when the server first sees them. Beyond: no line. */
export const TERMINATION_AGE_MS_MAX = 1 * DAY_MS;
