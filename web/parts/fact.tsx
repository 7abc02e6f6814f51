/** A name and its value in a list of facts. */
import type { ComponentChildren } from 'preact';

export interface FactProps {
  readonly name: string;
  readonly isBad?: boolean;
  readonly children: ComponentChildren;
}

export function Fact({ name, isBad = false, children }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={`num${isBad ? ' tone-error' : ''}`}>{children}</dd>
    </div>
  );
}
