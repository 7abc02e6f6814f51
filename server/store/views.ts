/** Saved views, where a store can keep them: searches that are run time and again, under a name. */

export interface SavedView {
  readonly name: string;
  /** Whose it is: the name of a token, '' without tokens. Undefined: everybody's. */
  readonly owner: string | undefined;
  readonly search: string;
  /** As they were typed: `1h`, `yesterday`. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly columns: readonly string[];
  /** Epoch milliseconds. */
  readonly changedMs: number;
}

export interface ViewAbility {
  /** In no order. */
  list(): readonly SavedView[];

  /**
   * Adds a view, or replaces that of the same name and owner. Resolves when it is durable.
   * @throws UnavailableError  the disk is full, or fails
   */
  save(view: SavedView): Promise<void>;

  /** Returns false when there is none of that name and owner. */
  remove(name: string, owner: string | undefined): Promise<boolean>;
}
