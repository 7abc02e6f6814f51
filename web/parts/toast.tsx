/** A short sentence about what was done. */
import { said } from '../state/said.ts';

export function Toast() {
  return (
    <div class="toast" role="status" data-shown={said.value !== ''}>
      {said.value}
    </div>
  );
}
