/** How much is stored, for how long, and by which rules it goes. */
import type { StatsAnswer } from '../../shared/client/answers.ts';
import { sizeText } from '../../shared/readable-line/measures.ts';
import { Fact } from '../parts/fact.tsx';
import { count } from '../../shared/counted.ts';
import { fullText, shortDayText } from '../state/clock.ts';

export function Storage({ stats }: { readonly stats: StatsAnswer }) {
  const { rows, bytes, oldest, room, retention, quarantined, unreadable } = stats;
  const ratio = bytes.stored === 0 ? 0 : bytes.raw / bytes.stored;
  return (
    <section aria-label="Storage">
      <h2>Storage</h2>
      <dl class="facts">
        <Fact name="Lines">{count(rows)}</Fact>
        <Fact name="As written">{sizeText(bytes.raw)}</Fact>
        <Fact name="On disk">
          {sizeText(bytes.stored)} {ratio >= 1.05 && <small class="dim">{ratio.toFixed(1)} times smaller</small>}
        </Fact>
        {room !== null && <Fact name="Free">{sizeText(room.free)}</Fact>}
        {oldest !== null && (
          <Fact name="Since">
            <span title={fullText(oldest)}>{shortDayText(Date.parse(oldest))}</span>
          </Fact>
        )}
        <Fact name="Kept for">{retention.age}</Fact>
        {retention.maxSize !== null && <Fact name="At most">{sizeText(retention.maxSize)}</Fact>}
        {quarantined > 0 && (
          <Fact name="Quarantined" isBad>
            {count(quarantined)}
          </Fact>
        )}
        {unreadable > 0 && (
          <Fact name="Unreadable" isBad>
            {count(unreadable)}
          </Fact>
        )}
      </dl>
      {retention.rules.length > 0 && (
        <table class="table retention-table">
          <caption>Retention rules, of which the first that matches applies</caption>
          <thead>
            <tr>
              <th scope="col" class="left">
                Lines
              </th>
              <th scope="col">Kept for</th>
            </tr>
          </thead>
          <tbody>
            {retention.rules.map(({ selector, age }) => (
              <tr key={selector}>
                <th scope="row" class="left mono">
                  {selector}
                </th>
                <td>{age}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
