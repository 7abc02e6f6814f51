/** A failure in the place that failed: the server's sentence, and a way on. */
import { messageOf } from '../state/message-of.ts';
import { runCount } from '../state/navigation.ts';

export interface FailureProps {
  readonly what: string;
  readonly error: unknown;
  readonly again?: () => void;
}

export function Failure({ what, error, again = () => runCount.value++ }: FailureProps) {
  return (
    <div class="failure" role="alert">
      <span>
        <b>{what} could not be loaded.</b> {messageOf(error)}
      </span>
      <button type="button" class="button" onClick={again}>
        Try again
      </button>
    </div>
  );
}
