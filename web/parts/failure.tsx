/** A failure in the place that failed: the server's sentence, and a way on. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { AnswerError } from '../../shared/client/client.ts';
import { messageOf } from '../state/message-of.ts';
import { runCount } from '../state/navigation.ts';

export interface FailureProps {
  readonly what: string;
  readonly error: unknown;
  readonly again?: () => void;
}

export function Failure({ what, error, again = () => runCount.value++ }: FailureProps) {
  const waitSeconds = error instanceof AnswerError ? error.retryAfterSeconds : undefined;
  const left = useSignal(waitSeconds ?? 0);
  // A server that is busy says when it will not be.
  useEffect(() => {
    if (waitSeconds === undefined) return;
    left.value = waitSeconds;
    const timer = setInterval(() => {
      left.value--;
      if (left.value > 0) return;
      clearInterval(timer);
      again();
    }, 1_000);
    return () => clearInterval(timer);
  }, [error]);
  return (
    <div class="failure" role="alert">
      <span>
        <b>{what} could not be loaded.</b> {messageOf(error)}
      </span>
      <button type="button" class="button" onClick={again}>
        {waitSeconds === undefined ? 'Try again' : `Trying again in ${left.value} s`}
      </button>
    </div>
  );
}
