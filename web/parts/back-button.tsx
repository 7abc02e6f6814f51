/** Goes back to where one came from, from a view of one thing. */
export function BackButton() {
  return (
    <button type="button" class="link" onClick={() => history.back()}>
      ‹ Back
    </button>
  );
}
