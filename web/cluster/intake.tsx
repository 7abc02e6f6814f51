/** Whose lines there are: the pods that write most. */
import { sizeText } from '../../shared/readable-line/measures.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';
import { count } from '../../shared/counted.ts';
import { Share } from '../parts/share.tsx';
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { podClassOf } from '../state/known-hues.ts';
import { question } from '../state/navigation.ts';
import { type PodCounts, searchOfPod } from './workloads.ts';

const PODS_SHOWN = 10;

export function Intake({ pods }: { readonly pods: readonly PodCounts[] }) {
  const all = pods.reduce((sum, { bytes }) => sum + bytes, 0);
  const most = pods.toSorted((a, b) => b.bytes - a.bytes).slice(0, PODS_SHOWN);
  const { since, until } = question.value;
  return (
    <section aria-label="Intake by pod">
      <h2>
        Intake by pod{' '}
        <small>
          {sizeText(all)} of lines in this range
          {pods.length > most.length && `; the ${most.length} of ${count(pods.length)} pods with most`}
        </small>
      </h2>
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
              const { namespace, pod, node, lines, bytes } = each;
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
    </section>
  );
}
