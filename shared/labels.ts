/**
 * Labels identify a stream: the lines of one container's stdout, say. They are few, short and known before a line is
 * read; what a line itself contains are its fields.
 */

/** Label name → value. */
export type Labels = Readonly<Record<string, string>>;

/** The label `stream` of lines that podlog itself writes about a container, besides its stdout and stderr. */
export const PODLOG_STREAM = 'podlog';

/** Returns one string per label set, in whatever order the labels came: the identity of a stream. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Returns a label's value; undefined when there is no such label, whatever its name (`__proto__`, say). */
export function labelOf(labels: Labels, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}

/**
 * Turns a text into a label name that queries can use, as Prometheus does: `app.kubernetes.io/part-of` becomes
 * `app_kubernetes_io_part_of`.
 */
export function labelName(text: string): string {
  return text.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
}

/** Memory of a label set besides its labels, and of a label besides its text: objects, and their places in tables. */
const LABELS_BYTES = 256;
const LABEL_BYTES = 80;

/** Returns the memory that a label set takes, at most. */
export function labelsMemoryBytes(labels: Labels): number {
  let bytes = LABELS_BYTES;
  for (const name of Object.keys(labels)) {
    bytes += LABEL_BYTES + Buffer.byteLength(name) + Buffer.byteLength(labels[name]!);
  }
  return bytes;
}
