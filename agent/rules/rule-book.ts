/**
 * The rules that are in force on this node, and their effect on each container: whether its files are opened, which of its lines
 * are dropped, what is redacted, and where its entries begin.
 */
import {
  type DropRule,
  type MultilineRule,
  NO_RULES,
  type PodFacts,
  type RedactRule,
  type RulesAnswer,
  type RuleSet,
} from '../../shared/rules/rule-set.ts';
import type { Redaction } from '../../shared/redaction/redaction.ts';
import { compileRedaction } from '../../shared/redaction/redactions.ts';
import type { Parser } from '../../shared/row-group/line-formats/cut-text.ts';
import { type Matcher, selectorMatcher } from '../../shared/rules/selector.ts';
import type { EntryRules } from './entry-rules.ts';
import { POD_FACTS_WAIT_MS_MAX } from '../limits.ts';
import { StartPattern } from './start-pattern.ts';
import { compileDrop, type Drop } from './drop.ts';

export interface Place {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
}

/** Identifies the uses of a rule that are counted; one object for each rule and container. */
export interface RuleUse {
  readonly kind: 'drop' | 'redact';
  readonly rule: string;
  readonly namespace: string;
  readonly container: string;
}

/** The rules for each line of a container. */
export interface LineRules {
  readonly parser: Parser;
  readonly drops: readonly { readonly drop: Drop; readonly use: RuleUse }[];
  readonly redactions: readonly { readonly redaction: Redaction; readonly use: RuleUse }[];
}

export interface Decision {
  /** `pending`: the server has yet to say what it knows about the pod. */
  readonly selection: 'included' | 'excluded' | 'pending';
  /** Undefined when its lines are kept as they are. */
  readonly lines: LineRules | undefined;
  /** Which of its lines are one entry; undefined where no rule says so. */
  readonly entries: EntryRules | undefined;
  /** Equal for equal decisions, except that pending and included are not distinguished. */
  readonly key: string;
}

interface Compiled {
  readonly include: readonly Matcher[];
  readonly exclude: readonly Matcher[];
  readonly drop: readonly { readonly applies: Matcher; readonly drop: Drop; readonly name: string }[];
  readonly redact: readonly { readonly applies: Matcher; readonly redaction: Redaction; readonly name: string }[];
  readonly multiline: readonly { readonly applies: Matcher; readonly entries: EntryRules }[];
}

const EXCLUDED: Decision = { selection: 'excluded', lines: undefined, entries: undefined, key: 'excluded' };

/** Owns the rules. Without any, everything is kept. */
export class RuleBook {
  #text = '';
  #version = 0;
  #rules: Compiled = compile(NO_RULES);
  #pods: ReadonlyMap<string, PodFacts> | undefined;

  /** @throws when this agent does not support a rule of the server's; the rules stay as they were */
  take({ rules, pods }: RulesAnswer): void {
    const text = JSON.stringify(rules);
    if (text !== this.#text) {
      // A server that does not know a kind of rules omits it.
      this.#rules = compile({ ...NO_RULES, ...rules });
      this.#text = text;
      this.#version++;
    }
    this.#pods = pods === null ? undefined : new Map(pods.map((pod) => [pod.uid, pod]));
  }

  /** How many of a container's runs have ended, as the server says. */
  endedRuns({ uid, container }: Pick<Place, 'uid' | 'container'>): number {
    return this.#pods?.get(uid)?.endedRuns?.[container] ?? 0;
  }

  /** @param waitedMs  since the container was found */
  decide({ namespace, pod, container, uid }: Place, waitedMs: number): Decision {
    const facts = this.#pods?.get(uid);
    const isKnown = this.#pods === undefined || facts !== undefined;
    const place = { namespace, pod, container, labels: facts?.labels };
    const { include, exclude, drop, redact, multiline } = this.#rules;
    const isExcluded =
      facts?.exclude === true ||
      facts?.exclude.includes(container) === true ||
      exclude.some((matches) => matches(place));
    if (isExcluded) return EXCLUDED;
    const isPending = !isKnown && waitedMs < POD_FACTS_WAIT_MS_MAX;
    if (!isPending && include.length > 0 && !include.some((matches) => matches(place))) return EXCLUDED;
    const use = { namespace, container };
    const drops = drop.filter(({ applies }) => applies(place));
    const redactions = redact.filter(({ applies }) => applies(place));
    const parser = facts?.parser ?? 'auto';
    const first = multiline.findIndex(({ applies }) => applies(place));
    const chosen = [drops.map((each) => drop.indexOf(each)), redactions.map((each) => redact.indexOf(each)), first];
    const isPlain = drops.length === 0 && redactions.length === 0 && parser === 'auto';
    return {
      selection: isPending ? 'pending' : 'included',
      lines: isPlain
        ? undefined
        : {
            parser,
            drops: drops.map((each) => ({ drop: each.drop, use: { kind: 'drop', rule: each.name, ...use } })),
            redactions: redactions.map((each) => ({
              redaction: each.redaction,
              use: { kind: 'redact', rule: each.name, ...use },
            })),
          },
      entries: multiline[first]?.entries,
      key: isPlain && first < 0 ? 'included' : `${this.#version} ${parser} ${chosen.join('|')}`,
    };
  }
}

/** Redact rules also apply to a pod whose labels are not known; other rules only where they are known to match. */
function compile({ include, exclude, drop, redact, multiline }: RuleSet): Compiled {
  return {
    include: include.map((selector) => selectorMatcher(selector, false)),
    exclude: exclude.map((selector) => selectorMatcher(selector, false)),
    drop: drop.map((rule: DropRule) => ({
      applies: selectorMatcher(rule.selector, false),
      drop: compileDrop(rule),
      name: rule.name,
    })),
    redact: redact.map((rule: RedactRule) => ({
      applies: selectorMatcher(rule.selector, true),
      redaction: compileRedaction(rule),
      name: rule.name,
    })),
    multiline: multiline.map((rule: MultilineRule) => ({
      applies: selectorMatcher(rule.selector, false),
      entries: new StartPattern(rule.start),
    })),
  };
}
