/** Selects the containers whose files are opened: not those that rules exclude, nor pods of which the server has yet to know. */
import type { Container } from './discover/container.ts';
import { parseFileId } from '../shared/file-id.ts';
import type { FileReader } from './lines/file-reader.ts';
import type { KnownPositions } from './send/known-positions.ts';
import { closeLogFile } from './files/log-file.ts';
import type { RuleBook } from './rules/rule-book.ts';

/** Whether the container's files may be opened. A decision holds until `decideAgain`. */
export function isIncluded(container: Container, rules: RuleBook, nowMs: number): boolean {
  const { decision, directory, foundMs } = container;
  if (decision.selection === 'pending') container.decision = rules.decide(directory, nowMs - foundMs);
  container.wasExcluded ||= container.decision.selection === 'excluded';
  return container.decision.selection === 'included';
}

/** Whether a new pod waits for the server's facts about it. */
export function isAnyPending(containers: Iterable<Container>): boolean {
  for (const { decision } of containers) if (decision.selection === 'pending') return true;
  return false;
}

/** Whether the rules have changed for any container. */
export function isAnyOutdated(containers: Iterable<Container>, rules: RuleBook): boolean {
  for (const { decision, directory } of containers) {
    if (decision.selection !== 'pending' && rules.decide(directory, Infinity).key !== decision.key) return true;
  }
  return false;
}

/** Applies the current rules. The chains that are left must be rewound to the server's positions. */
export function decideAgain(container: Container, rules: RuleBook, reader: FileReader): void {
  if (container.decision.selection === 'pending') return;
  container.decision = rules.decide(container.directory, Infinity);
  if (container.decision.selection === 'excluded') exclude(container, reader);
  applyDecision(container);
}

/** Passes the decision about a container's lines on to its chains. */
export function applyDecision({ decision, chains }: Container): void {
  for (const chain of chains.values()) {
    chain.rules = decision.lines;
    chain.entries = decision.entries;
  }
}

/** Closes the files and forgets what was read of them; the server still has their positions. */
function exclude(container: Container, reader: FileReader): void {
  for (const chain of container.chains.values()) {
    reader.dropPending(chain);
    for (const file of chain.files) closeLogFile(file);
    chain.files = [];
  }
  container.chains.clear();
  container.isStale = true;
}

/**
 * Adds to `present` the known files of containers that are there but not opened, since no listing has included them. Nothing
 * of an excluded container is missing, whatever becomes of its files.
 */
export function noteClosed(containers: Iterable<Container>, known: KnownPositions, present: Set<string>): void {
  const closed = new Map<string, Container>();
  for (const container of containers) {
    const { uid, container: name } = container.directory;
    if (container.decision.selection !== 'included') closed.set(`${uid}/${name}`, container);
  }
  if (closed.size === 0) return;
  for (const id of known.ids()) {
    const file = parseFileId(id);
    const container = file && closed.get(`${file.uid}/${file.container}`);
    if (container === undefined) continue;
    present.add(id);
    if (container.decision.selection === 'excluded') known.finish(id, false);
  }
}
