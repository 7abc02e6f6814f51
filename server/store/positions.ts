/**
 * How far each log file has been stored, as a store knows it: a batch moves the positions of its files in the same step
 * in which its rows become part of answers. So the two never disagree, and a sender can ask what is stored and what is
 * not.
 *
 * Files belong to nodes. Two names of nodes are reserved for what is not a file of an agent.
 */
import type { Batch, Position, PositionsAnswer } from '../../shared/wire.ts';

/** The node of pushes. No agent may have this name. */
export const PUSH_NODE = '';

/** The node of what the server itself records about its cluster. No node of Kubernetes can have this name. */
export const CLUSTER_NODE = '/kubernetes';

/** How a batch's ranges relate to the known positions. */
export type PositionJudgement =
  | { readonly kind: 'accept' }
  /** All of it is stored already. */
  | { readonly kind: 'repeat' }
  /** Some of its ranges do not begin at the known positions: the answer has those positions. */
  | { readonly kind: 'conflict'; readonly answer: PositionsAnswer };

export interface StoredPositions {
  /** POSITION_START where nothing is known. */
  known(node: string, file: string): Position;

  /** Nodes with known positions, CLUSTER_NODE among them. */
  nodes(): Iterable<string>;

  /** All files and notes of a node with their positions, including those that were recently reported gone. */
  all(node: string): Iterable<readonly [file: string, position: Position]>;

  /** All files of a node that it has not reported gone. The request counts as a sign of life. */
  ofNode(node: string): PositionsAnswer;

  /** @throws TooManyFilesError  the batch has new files of a node, and there is no room for them */
  assertRoom(batch: Batch): void;

  judge(batch: Batch): PositionJudgement;

  /** Pushes with an idempotency key, by key: how much of each is stored. */
  readonly pushes: { get(key: string): StoredPush | undefined };
}

export interface StoredPush {
  /** A hash of what was pushed. */
  readonly content: string;
  /** Number of its lines that are stored. */
  readonly lineCount: number;
}
