/** Whose lines there are: the pods that write most. */
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { Parameters } from '../../shared/client/client.ts';
import { sizeText } from '../../shared/readable-line/measures.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';
import { count } from '../../shared/counted.ts';
import { Failure } from '../parts/failure.tsx';
import { useSeen } from '../parts/seen.ts';
import { Share } from '../parts/share.tsx';
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { podClassOf } from '../state/known-hues.ts';
import { useLoaded } from '../state/loaded.ts';
import { question } from '../state/navigation.ts';
import { askPodBytes } from './questions.ts';
import { podKey, type PodCounts, searchOfPod } from './workloads.ts';

const PODS_SHOWN = 10;

export interface IntakeProps {
  readonly pods: readonly PodCounts[];
  readonly filters: Parameters;
}

/** Asks once it is looked at. */
export function Intake({ pods, filters }: IntakeProps) {
  const section = useRef<HTMLElement>(null);
  const isSeen = useSeen(section).value;
  const loaded = useLoaded(
    async (ended) => (isSeen ? askPodBytes(filters, undefined, ended) : undefined),
    [filters, isSeen],
  );
  const { value, error } = loaded.value;
  return (
    <section ref={section} aria-label="Intake by pod" aria-busy={value === undefined && error === undefined}>
      {value === undefined && <Heading>{error === undefined && 'counting the bytes of all lines…'}</Heading>}
      {error !== undefined && <Failure what="Intake by pod" error={error} />}
      {value !== undefined && <Pods pods={pods} bytesOf={(pod) => value.get(podKey(pod)) ?? 0} />}
    </section>
  );
}

function Heading({ children }: { readonly children: ComponentChildren }) {
  return (
    <h2>
      Intake by pod <small>{children}</small>
    </h2>
  );
}

function Pods({
  pods,
  bytesOf,
}: {
  readonly pods: readonly PodCounts[];
  readonly bytesOf: (pod: PodCounts) => number;
}) {
  const all = pods.reduce((sum, pod) => sum + bytesOf(pod), 0);
  const most = pods.toSorted((a, b) => bytesOf(b) - bytesOf(a)).slice(0, PODS_SHOWN);
  const { since, until } = question.value;
  return (
    <>
      <Heading>
        {sizeText(all)} of lines in this range
        {pods.length > most.length && `; the ${most.length} of ${count(pods.length)} pods with most`}
      </Heading>
      <div class="table-box" tabIndex={0} role="region" aria-label="Pods by size">
        <table class="table">
          <thead>
            <tr>
              <th scope="col" class="left">
                Pod
              </th>
              <th scope="col" class="left not-phone">
                Namespace
              </th>
              <th scope="col">Lines</th>
              <th scope="col">Size</th>
              <th scope="col">Share</th>
            </tr>
          </thead>
          <tbody>
            {most.map((each) => {
              const { namespace, pod, node, lines } = each;
              const bytes = bytesOf(each);
              const name = podName({ pod }, false);
              const q = searchOfPod(each);
              return (
                <tr key={`${namespace} ${pod} ${node}`}>
                  <th scope="row" class="left mono pod-cell">
                    <a
                      data-view
                      class={podClassOf({ namespace }, name)}
                      href={addressOf({ kind: 'explore' }, { ...QUESTION_DEFAULT, since, until, q })}
                      title={pod}
                    >
                      {name}
                    </a>
                  </th>
                  <td class="left dim not-phone">{namespace}</td>
                  <td>{count(lines)}</td>
                  <td>{sizeText(bytes)}</td>
                  <td>
                    <Share
                      share={all === 0 ? 0 : bytes / all}
                      text={`${((bytes / Math.max(1, all)) * 100).toFixed(1)} %`}
                      isTextOnPhone
                    />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}
