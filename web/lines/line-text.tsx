/** A readable line as elements. Lines are hostile text: everything is a text node. */
import type { Segment } from '../../shared/readable-line/segment.ts';
import { question } from '../state/navigation.ts';
import { idAddress } from '../state/id-address.ts';
import { markedParts } from './marked.ts';

export interface LineTextProps {
  readonly segments: readonly Segment[];
  /** To be marked; in lower case. */
  readonly words: readonly string[];
  /** The id of the request that is open: marked wherever it is in sight. */
  readonly openId: string | undefined;
}

/** Texts and, at the end, the ids, which are never cut. */
export function LineText({ segments, words, openId }: LineTextProps) {
  const isTail = ({ kind }: Segment): boolean => kind === 'id' || kind === 'more-fields';
  return (
    <>
      <span class="line-text">
        {segments
          .filter((each) => !isTail(each))
          .map((segment, i) => (
            <Piece key={i} segment={segment} words={words} />
          ))}
      </span>
      <span class="line-ids">
        {segments.filter(isTail).map((segment, i) => (
          <Id key={i} segment={segment} openId={openId} />
        ))}
      </span>
    </>
  );
}

function Piece({ segment, words }: { readonly segment: Segment; readonly words: readonly string[] }) {
  const { kind, key, text, full, tone, runs } = segment;
  return (
    <span class={`piece piece-${kind}${tone === undefined ? '' : ` tone-${tone}`}`} title={full}>
      {key !== undefined && <span class="key">{key}</span>}
      {runs === undefined
        ? marked(text, words)
        : runs.map((run, i) => (
            <span key={i} class={run.color === undefined ? undefined : `ansi-${run.color}`}>
              {marked(run.text, words)}
            </span>
          ))}
    </span>
  );
}

export function marked(text: string, words: readonly string[]) {
  return markedParts(text, words).map((part, i) => (part.isMatch ? <mark key={i}>{part.text}</mark> : part.text));
}

function Id({
  segment: { kind, key, text, name, value },
  openId,
}: {
  readonly segment: Segment;
  readonly openId: string | undefined;
}) {
  if (kind === 'more-fields') return <span class="more-fields">{text}</span>;
  const isOpen = value !== undefined && value === openId;
  return (
    <span class="piece piece-id">
      <span class="key">{key}</span>
      <a
        href={idAddress(name ?? '', value ?? text, question.peek())}
        data-view
        tabIndex={-1}
        class={isOpen ? 'is-marked' : undefined}
      >
        {text}
      </a>
    </span>
  );
}
