/** A flood of failed sign-ins makes few lines, and none of it is lost. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { FailedLogins, OTHER_ADDRESSES } from '../../../server/audit/failed-logins.ts';
import { AUDIT_ADDRESSES_MAX, AUDIT_FAILED_LOGINS_MS } from '../../../server/limits.ts';

function counting() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const said: string[] = [];
  const failed = new FailedLogins((address, { times, reason }) => said.push(`${address} ${times} × ${reason}`));
  return { said, failed };
}

test('the first is reported at once, the others together after the interval', () => {
  const { said, failed } = counting();
  for (let n = 0; n < 1000; n++) failed.count('10.0.0.1', 'unknown');
  failed.count('10.0.0.2', 'revoked');
  expect(said).toEqual(['10.0.0.1 1 × unknown', '10.0.0.2 1 × revoked']);
  vi.advanceTimersByTime(AUDIT_FAILED_LOGINS_MS);
  expect(said.slice(2)).toEqual(['10.0.0.1 999 × unknown']);
  failed.count('10.0.0.1', 'unknown');
  failed.count('10.0.0.1', 'unknown');
  failed.close();
  expect(said.slice(3)).toEqual(['10.0.0.1 1 × unknown', '10.0.0.1 1 × unknown']);
});

test('addresses beyond the limit are counted together', () => {
  const { said, failed } = counting();
  for (let n = 0; n < 3 * AUDIT_ADDRESSES_MAX; n++) failed.count(`fd00::${n}`, 'unknown');
  expect(said).toHaveLength(AUDIT_ADDRESSES_MAX + 1);
  expect(said.at(-1)).toBe(`${OTHER_ADDRESSES} 1 × unknown`);
  failed.close();
  expect(said.at(-1)).toBe(`${OTHER_ADDRESSES} ${2 * AUDIT_ADDRESSES_MAX - 1} × unknown`);
});
