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
        <b>{what} could not be loaded.</b> {sentence(messageOf(error))}
      </span>
      <button type="button" class="button" onClick={again}>
        {waitSeconds === undefined ? 'Try again' : `Trying again in ${left.value} s`}
      </button>
    </div>
  );
}

/** Messages begin with a small letter; names of parameters stay as they are. */
function sentence(text: string): string {
  return /^\w+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
