/** No line of the range has a path: what would make one, and where to look. */
import { question } from '../state/navigation.ts';
import { ask } from '../state/navigation.ts';

export function NoRequests() {
  const { q, since, until } = question.value;
  const isDay = since === '24h' && until === '';
  return (
    <div class="no-requests">
      <p>
        <b>No line in this range is about a request.</b> A line is about one if it has a path, such as a line of an
        access log of nginx, Traefik or Apache, or JSON with <span class="mono">path</span>,{' '}
        <span class="mono">status</span> and <span class="mono">latency_ms</span>. Where a field has another name,
        choose it under <b>Fields</b>.
      </p>
      <div class="row-of-buttons">
        {!isDay && (
          <button type="button" class="button" onClick={() => ask({ since: '24h', until: '' })}>
            Last 24 hours
          </button>
        )}
        {q !== '' && (
          <button type="button" class="button" onClick={() => ask({ q: '' })}>
            Without the search text
          </button>
        )}
      </div>
    </div>
  );
}
