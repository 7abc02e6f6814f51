/**
 * Constants and limits of the row group, podlog's one representation of log lines. FORMAT.md gives the layout.
 */

/** "PRG1" as a little-endian u32. */
export const MAGIC = 0x31475250;

/** How a row group's header and pages are stored. */
export const LAYOUT_PAGED = 0; // each page compressed and checksummed by itself: a scan reads only what it needs
export const LAYOUT_PACKED = 1; // one zstd frame and one checksum around everything: little framing for few rows
/** Added to either: the header ends with the arrivals of rows with equal times, see ties.ts. */
export const LAYOUT_TIES = 2;
/** Added to any of these: the header ends with the runs of its rows, see runs.ts. */
export const LAYOUT_RUNS = 4;
export const LAYOUT_LAST = LAYOUT_PACKED + LAYOUT_TIES + LAYOUT_RUNS;

export function isPacked(layout: number): boolean {
  return (layout & LAYOUT_PACKED) !== 0;
}

export function hasTies(layout: number): boolean {
  return (layout & LAYOUT_TIES) !== 0;
}

export function hasRuns(layout: number): boolean {
  return (layout & LAYOUT_RUNS) !== 0;
}

/** Up to this many bytes of header and pages before compression, a group is packed. */
export const PACKED_BYTES_MAX = 64 * 1024;

/** magic u32, layout u8, crc32 u32, header stored size u32, header raw size u32. */
export const PREFIX_BYTES = 17;

/** Kinds of values in the slots of a template, which decide how a value is read. */
export const KIND_STRING = 0; // between quotes; the bytes as they are, escapes kept
export const KIND_SCALAR = 1; // a number, true, false or null
export const KIND_ARRAY = 2; // from `[` to `]`
export const KIND_TEXT = 3; // a whole line that may have fields: its shape was one too many
export const KIND_PLAIN = 4; // a piece of a line that is no JSON object, or all of one that has no fields; no escapes
/** Structured metadata: sent with a line instead of in it, so no part of its text. A template's last slots; no escapes. */
export const KIND_METADATA = 5;
export const KIND_LAST = KIND_METADATA;
export type ValueKind = 0 | 1 | 2 | 3 | 4 | 5;

/** How the values of a column chunk are stored. */
export const ENCODING_CONSTANT = 0;
export const ENCODING_DICTIONARY = 1;
export const ENCODING_INTEGER = 2;
export const ENCODING_DECIMAL = 3;
export const ENCODING_TIMESTAMP = 4;
export const ENCODING_UUID = 5;
export const ENCODING_HEX = 6;
export const ENCODING_RAW = 7;
export const ENCODING_PATTERN = 8;
export const ENCODING_LAST = ENCODING_PATTERN;

/** Per-row flags. */
export const FLAG_PARTIAL = 1; // the container never ended this line
export const FLAG_TRUNCATED = 2; // the line was longer than the agent joins; its end is missing
export const FLAG_UNPARSED = 4; // the line in the log file was not CRI; it is kept as it stood

/** Rows of a full group in a segment. An agent's batch has fewer, a merge never makes more. */
export const ROWS_PER_GROUP = 65_536;
/** Groups of long lines end earlier: decoding one column may take at most this many bytes of their lines. */
export const LINE_BYTES_PER_GROUP = 16 * 1024 * 1024;
/**
 * The same for groups of many streams: memory of their labels (labelsMemoryBytes), which a reader holds at once and a
 * merge for each of its inputs; and as much for their runs (runMemoryBytes). The streams of a busy node take 0.3 MB. Beyond: a
 * merge begins a new group, a server refuses a batch.
 */
export const LABELS_BYTES_PER_GROUP = 1024 * 1024;
/** Codes of runs are u16. A merge begins a new group before, by LABELS_BYTES_PER_GROUP; a reader refuses a group of more. */
export const RUNS_MAX = 65_535;
/** A reader refuses a group that claims more rows; no writer makes them. */
export const ROWS_MAX = 1 << 20;
/**
 * Shapes of a group. Those of a busy node are some hundreds; keys that are data would make endless ones. Beyond: a
 * builder keeps lines of further shapes whole, a merge begins a new group.
 */
export const TEMPLATES_MAX = 1024;
/**
 * Values of all shapes of a group together: a reader holds about 600 bytes for each, as long as it keeps the header.
 * Shapes have 10 to 20 values, so this is enough for a thousand of them. Beyond: as above.
 */
export const TEMPLATE_SLOTS_MAX = 16 * 1024;
/** Beyond this many values a line is plain text. */
export const SLOTS_MAX = 128;
/** Metadata of a line, besides its values. Beyond: a server refuses the line, a reader the group. */
export const METADATA_MAX = 128;
/** Deeper objects are plain text. */
export const DEPTH_MAX = 16;
/** Longer field names make the line plain text. */
export const FIELD_NAME_BYTES_MAX = 256;
/**
 * Bytes of a header, of a page, or of the values of a column as text. Lines of one group have 16 MiB, or 33 MiB in
 * batches of earlier versions. Beyond: a reader refuses the group, before it allocates memory for it.
 */
export const RAW_BYTES_MAX = 64 * 1024 * 1024;
/**
 * Streams, labels, columns, values of templates and pages that a header lists: about 100 bytes each. Beyond: as above.
 */
export const HEADER_PARTS_MAX = 1 << 20;

/** Codes are u8 up to 256 distinct values and u16 up to this; a column with more is not a dictionary. */
export const DICTIONARY_VALUES_MAX = 65_536;
