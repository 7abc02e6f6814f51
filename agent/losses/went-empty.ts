/**
 * Containers whose directories went soon after they had been found, without a file: one may have come and gone meanwhile. What the
 * server knows of a container decides, once that is known, as an earlier agent may have read what was in its directory.
 */
import type { Containers } from '../discover/containers.ts';
import type { ContainerDirectory } from '../discover/discovery.ts';
import type { KnownPositions } from '../send/known-positions.ts';

/** @param lose  called for each container that the server does not know */
export function loseWentEmpty(
  containers: Containers,
  known: KnownPositions,
  lose: (directory: ContainerDirectory) => void,
): void {
  for (const { directory } of containers.takeWentEmpty()) if (!known.isKnown(directory)) lose(directory);
}
