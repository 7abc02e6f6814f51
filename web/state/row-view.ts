/** What is shown of a line. It is made when the line comes into sight, as most of 100,000 lines never do. */
import { fieldsOf, parseWritten } from '../../shared/readable-line/json-fields.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';
import { readableLine } from '../../shared/readable-line/readable-line.ts';
import type { Field, Segment } from '../../shared/readable-line/segment.ts';
import type { LogRow } from '../../shared/client/answers.ts';

export interface RowView {
  readonly segments: readonly Segment[];
  /** Fields of the line, then its metadata. */
  readonly fields: readonly Field[];
  readonly pod: string;
}

const VIEWS_MAX = 2_000;
const views = new Map<LogRow, RowView>();

export function rowView(row: LogRow): RowView {
  let view = views.get(row);
  if (view !== undefined) return view;
  const { labels, level, line, flags } = row;
  const fields = fieldsIn(row);
  const metadata = Object.entries(row.metadata ?? {}).map(([name, value]): Field => ({ name, value }));
  const segments = readableLine({ labels, level, fields, metadata, line, flags });
  view = { segments, fields: [...fields, ...metadata], pod: podName(labels, false) };
  if (views.size >= VIEWS_MAX) views.delete(views.keys().next().value!);
  views.set(row, view);
  return view;
}

/** Returns the fields of the line, or of the row as it was sent where only the server can read the line's format. */
function fieldsIn({ json, line }: LogRow): Field[] {
  if (json === '' && !line.startsWith('{')) return [];
  try {
    const parsed = parseWritten(json === '' ? line : json) as { readonly fields?: object };
    const fields = json === '' ? parsed : parsed.fields;
    return fields === undefined ? [] : fieldsOf(fields);
  } catch {
    // A line that begins like an object but is not one is a text.
    return [];
  }
}
