/** Verification of all data of a store, where it can be verified while in use. Plain data, and the lines of JSON that it becomes. */
export interface CheckAbility {
  /**
   * Takes a view of everything that is stored now, which the check holds until it is disposed of.
   * @param stop  ends the check: its events throw then
   */
  begin(stop: AbortSignal): Promise<RunningCheck>;
}

export interface RunningCheck extends AsyncDisposable {
  readonly events: AsyncIterable<StoreCheckEvent<CheckedFinding>>;
}

export type StoreCheckEvent<Finding> =
  | { readonly kind: 'finding'; readonly finding: Finding }
  /** Sent after each file. */
  | { readonly kind: 'progress'; readonly checkedBytes: number; readonly totalBytes: number }
  | { readonly kind: 'done'; readonly summary: CheckSummary };

/** One problem. */
export interface CheckedFinding {
  /** The store's own name for it. */
  readonly kind: string;
  /** Relative to the folder of the store. */
  readonly path: string;
  /** Offset in the file; 0 with the whole size if it concerns the whole file. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Known number of rows that cannot be read because of it. */
  readonly rowCount: number;
  readonly what: string;
  /** What a person can do about it. */
  readonly advice: string;
}

/** Returns an event as a line of NDJSON, which `podlog check --json` and the server share. */
export function jsonLineOf(event: StoreCheckEvent<CheckedFinding>): string {
  switch (event.kind) {
    case 'progress':
      return `${JSON.stringify(event)}\n`;
    case 'done':
      return `${JSON.stringify({ kind: 'done', ...event.summary })}\n`;
    case 'finding': {
      const { kind, path, ...finding } = event.finding;
      return `${JSON.stringify({ kind: 'finding', finding: kind, path, ...finding })}\n`;
    }
  }
}

export interface CheckSummary {
  readonly segmentCount: number;
  readonly walFileCount: number;
  readonly rowGroupCount: number;
  readonly rowCount: number;
  readonly checkedBytes: number;
  /** Findings that are damage. */
  readonly problemCount: number;
}
