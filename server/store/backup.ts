/** Backups, where a store can make them: each is a store of its own, with everything that was acknowledged before. */
export interface BackupAbility {
  /**
   * Resolves when the copy is durable.
   * @param name  one path segment that does not begin with a dot
   * @throws PodlogError  there is one of that name
   * @throws UnavailableError  the disk has no room, or fails
   */
  create(name: string): Promise<BackupInfo>;

  /** By name. */
  list(): Promise<BackupInfo[]>;

  /** Returns false when there is none of that name. */
  remove(name: string): Promise<boolean>;
}

export interface BackupInfo {
  readonly name: string;
  readonly path: string;
  /** Why its content is unknown; undefined when it can be read. */
  readonly problem?: string;
  /** Size of its segments; most of them are shared with the store, and take no room of their own. */
  readonly sizeBytes: number;
  readonly segmentCount: number;
  readonly rowCount: number;
}
