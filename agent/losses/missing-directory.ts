/** The directory of a container of which the server knows something and the node has nothing, or no file. */
import { join } from 'node:path';
import { parseLedgerId, type FileId } from '../../shared/file-id.ts';
import type { Containers } from '../discover/containers.ts';
import type { ContainerDirectory } from '../discover/discovery.ts';
import type { KnownPositions } from '../send/known-positions.ts';

export interface Places {
  readonly podsDir: string;
  readonly containers: Containers;
  readonly known: KnownPositions;
}

/** Where the container's directory is or, by the names in its ledger, was. */
export function missingDirectory(
  { uid, container }: Pick<FileId, 'uid' | 'container'>,
  { podsDir, containers, known }: Places,
): ContainerDirectory {
  for (const { directory } of containers) {
    if (directory.uid === uid && directory.container === container) return directory;
  }
  const ledgers = Iterator.from(known.ids()).map(parseLedgerId);
  const ledger = ledgers.find((each) => each?.uid === uid && each.container === container);
  // An agent of an older version has left no names.
  const { namespace, pod } = ledger ?? { namespace: '', pod: uid };
  return { path: join(podsDir, `${namespace}_${pod}_${uid}`, container), namespace, pod, uid, container };
}
