/**
 * The rules by which agents keep lines, as the server sends them: plain data that is JSON on the wire. The server reads
 * them from its rules file and agents apply them, so that lines that must not leave a node do not.
 */

import type { Parser } from '../row-group/line-formats/cut-text.ts';

/** Selects the containers that match everything that is given. `*` in a value matches any characters. */
export interface Selector {
  readonly namespace?: string;
  readonly pod?: string;
  readonly container?: string;
  /** Labels of the pod; known where the server follows a cluster. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Lines that are not stored: those of the selected containers that match all of `where` and `text`. */
export interface DropRule {
  readonly name: string;
  readonly selector?: Selector;
  /** Field of a line → value, with `*` for any characters; `level` is that of ../levels.ts. */
  readonly where?: Readonly<Record<string, string>>;
  /** A substring of the line. */
  readonly text?: string;
}

export const REDACTOR_NAMES = ['email', 'bearer-token', 'card-number', 'ipv4'] as const;
export type RedactorName = (typeof REDACTOR_NAMES)[number];

/** Replaces a text by another. Without an expression, the name is that of a built-in redactor. */
export interface RedactRule {
  readonly name: string;
  readonly selector?: Selector;
  /** See expression.ts. */
  readonly expression?: string;
  readonly ignoreCase?: boolean;
  readonly replace: string;
}

/** Where entries of several lines begin in the selected containers; overrides the agent's flags. */
export interface MultilineRule {
  readonly selector?: Selector;
  /** A start pattern, see expression.ts: a line that it does not match belongs to the previous entry. */
  readonly start: string;
}

export interface RuleSet {
  /** When there are any, only these containers are read. */
  readonly include: readonly Selector[];
  readonly exclude: readonly Selector[];
  readonly drop: readonly DropRule[];
  readonly redact: readonly RedactRule[];
  /** The first one that selects a container applies to it. */
  readonly multiline: readonly MultilineRule[];
}

/** Facts about a pod of the node, on which rules may depend, and what may be missing of its lines. */
export interface PodFacts {
  /** As in the path of its log files. */
  readonly uid: string;
  /** Only those that selectors mention. */
  readonly labels: Readonly<Record<string, string>>;
  /** From its annotation: all of the pod, or these containers. */
  readonly exclude: true | readonly string[];
  /** From its annotation: how its lines are parsed. */
  readonly parser: Parser;
  /** Container → how many of its runs have ended, where any has: nothing is written to their files any more. */
  readonly endedRuns?: Readonly<Record<string, number>>;
}

/** Body of `GET /agent/rules?node=…`. */
export interface RulesAnswer {
  readonly rules: RuleSet;
  /** Null from a server that follows no cluster: then no agent waits for a pod's facts. */
  readonly pods: readonly PodFacts[] | null;
}

export const NO_RULES: RuleSet = { include: [], exclude: [], drop: [], redact: [], multiline: [] };

/** Keys of pod labels that selectors mention. */
export function labelKeysOf({ include, exclude, ...rules }: RuleSet): ReadonlySet<string> {
  const selected = [...rules.drop, ...rules.redact, ...rules.multiline];
  const selectors = [...include, ...exclude, ...selected.map(({ selector }) => selector)];
  return new Set(selectors.flatMap((selector) => Object.keys(selector?.labels ?? {})));
}
