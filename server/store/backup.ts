/** Copies of a store, for backups, where it can make some: a store of its own, with all that was acknowledged before. */
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

  /** False when there is none of that name. */
  remove(name: string): Promise<boolean>;
}

export interface BackupInfo {
  readonly name: string;
  readonly path: string;
  /** Why nothing is known of what is in it; undefined when it can be read. */
  readonly problem?: string;
  /** Of its segments; most of them are the store's own, and take no room of their own. */
  readonly sizeBytes: number;
  readonly segmentCount: number;
  readonly rowCount: number;
}
