/** `POST /api/orders/{id}`, in which the folded ids recede. */
import { oneLine } from '../../shared/readable-line/one-line.ts';
import type { Endpoint } from '../state/address.ts';

export function Name({ method, shape }: Endpoint) {
  return (
    <>
      {method !== '' && <b>{oneLine(method)}</b>}{' '}
      <bdi>
        {oneLine(shape)
          .split(/(\{id\})/)
          .map((part, i) =>
            i % 2 === 1 ? (
              <span key={i} class="folded">
                {part}
              </span>
            ) : (
              part
            ),
          )}
      </bdi>
    </>
  );
}
