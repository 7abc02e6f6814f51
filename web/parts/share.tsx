/** A share as a bar, with its percentage. */
export interface ShareProps {
  readonly share: number;
  readonly text: string;
  /** On a phone there is room for the percentage only. */
  readonly isTextOnPhone?: boolean;
}

export function Share({ share, text, isTextOnPhone = false }: ShareProps) {
  return (
    <span class="share">
      <span class={`share-bar${isTextOnPhone ? ' not-phone' : ''}`}>
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <span class="share-text">{text}</span>
    </span>
  );
}
