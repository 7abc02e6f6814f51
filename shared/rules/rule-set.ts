/**
 * What is kept of the cluster's lines, as the server tells it to agents: plain data that is JSON on the wire. The server
 * reads it from its rules file; agents do what it says, so that what is not to leave a node does not.
 */

import type { Parser } from '../row-group/text-lines/cut-text.ts';

/** Containers: those for which everything that is given matches. `*` in a value stands for any characters. */
export interface Selector {
  readonly namespace?: string;
  readonly pod?: string;
  readonly container?: string;
  /** Of the pod; known where the server follows a cluster. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Lines that are not stored: those of the selected containers for which all of `where` and `text` hold. */
export interface DropRule {
  readonly name: string;
  readonly selector?: Selector;
  /** Field of a line → value, with `*` for any characters; `level` is that of ../levels.ts. */
  readonly where?: Readonly<Record<string, string>>;
  /** Is part of the line. */
  readonly text?: string;
}

export const NAMED_PATTERNS = ['email', 'bearer-token', 'card-number', 'ipv4'] as const;
export type NamedPattern = (typeof NAMED_PATTERNS)[number];

/** What takes another text's place. Without an expression, the name is that of a NamedPattern. */
export interface RedactRule {
  readonly name: string;
  readonly selector?: Selector;
  /** See expression.ts. */
  readonly expression?: string;
  readonly ignoreCase?: boolean;
  readonly replace: string;
}

/** Where entries of several lines begin in the selected containers, instead of what the agent's flags say. */
export interface MultilineRule {
  readonly selector?: Selector;
  /** A start pattern, see expression.ts: a line that it does not match belongs to the entry before. */
  readonly start: string;
}

export interface RuleSet {
  /** When there are any, only these containers are read. */
  readonly include: readonly Selector[];
  readonly exclude: readonly Selector[];
  readonly drop: readonly DropRule[];
  readonly redact: readonly RedactRule[];
  /** The first that means a container counts for it. */
  readonly multiline: readonly MultilineRule[];
}

/** What the server knows of a pod of the node that rules may ask for. */
export interface PodFacts {
  /** As the path of its log files has it. */
  readonly uid: string;
  /** Those that selectors mention. */
  readonly labels: Readonly<Record<string, string>>;
  /** By annotation: all of the pod, or these containers. */
  readonly exclude: true | readonly string[];
  /** By annotation: how its lines are cut. */
  readonly parser: Parser;
}

/** Body of `GET /agent/rules?node=…`. */
export interface RulesAnswer {
  readonly rules: RuleSet;
  /** Null from a server that follows no cluster: then nobody waits for what is known of a pod. */
  readonly pods: readonly PodFacts[] | null;
}

export const NO_RULES: RuleSet = { include: [], exclude: [], drop: [], redact: [], multiline: [] };

/** Keys of pod labels that some selector asks for. */
export function labelKeysOf({ include, exclude, ...rules }: RuleSet): ReadonlySet<string> {
  const selected = [...rules.drop, ...rules.redact, ...rules.multiline];
  const selectors = [...include, ...exclude, ...selected.map(({ selector }) => selector)];
  return new Set(selectors.flatMap((selector) => Object.keys(selector?.labels ?? {})));
}
