/** Verification of all that a store has, where it can be verified while it is used. Plain data: it becomes JSON. */
export interface CheckAbility {
  /** Takes a view of all that is stored now, which the check holds until it is disposed of. */
  begin(): Promise<RunningCheck>;
}

export interface RunningCheck extends AsyncDisposable {
  readonly events: AsyncIterable<StoreCheckEvent<CheckedFinding>>;
}

export type StoreCheckEvent<Finding> =
  | { readonly kind: 'finding'; readonly finding: Finding }
  /** After each file. */
  | { readonly kind: 'progress'; readonly checkedBytes: number; readonly totalBytes: number }
  | { readonly kind: 'done'; readonly summary: CheckSummary };

/** Something untrue. */
export interface CheckedFinding {
  /** The store's own word for it. */
  readonly kind: string;
  /** From the folder of the store. */
  readonly path: string;
  /** Where in the file; 0 and its size when it is all of it. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Rows that cannot be read because of it, as far as anybody knows. */
  readonly rowCount: number;
  readonly what: string;
  /** What a person can do about it. */
  readonly advice: string;
}

export interface CheckSummary {
  readonly segmentCount: number;
  readonly walFileCount: number;
  readonly rowGroupCount: number;
  readonly rowCount: number;
  readonly checkedBytes: number;
  /** Without what is no damage. */
  readonly problemCount: number;
}
