/**
 * Labels name a stream: the lines of one container's stdout, say. They are few, short and known before a line is read;
 * what a line says about itself are its fields.
 */

/** Label name → value. */
export type Labels = Readonly<Record<string, string>>;

/** The label `stream` of lines that podlog itself writes about a container, beside its stdout and stderr. */
export const PODLOG_STREAM = 'podlog';

/** One string per label set, whatever order the labels came in: the identity of a stream. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** A label's value; undefined when there is no such label, whatever it is called. */
export function labelOf(labels: Labels, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}

/**
 * A name for a label of which queries can speak, as Prometheus makes them: `app.kubernetes.io/part-of` becomes
 * `app_kubernetes_io_part_of`.
 */
export function labelName(text: string): string {
  return text.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
}

/** Memory of a label set beside its labels, and of a label beside its text: objects, and their places in tables. */
const LABELS_BYTES = 256;
const LABEL_BYTES = 80;

/** Memory that a label set takes, at most. */
export function labelsMemoryBytes(labels: Labels): number {
  let bytes = LABELS_BYTES;
  for (const [name, value] of Object.entries(labels)) {
    bytes += LABEL_BYTES + Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return bytes;
}
