/** What each caller holds of a resource that is limited in all and for one caller: slots, or bytes. */
export class CallerAmounts {
  /** Absent if 0: a caller who holds nothing takes no memory. */
  readonly #amounts = new Map<string, number>();
  #sum = 0;

  get sum(): number {
    return this.#sum;
  }

  of(caller: string): number {
    return this.#amounts.get(caller) ?? 0;
  }

  /** @param amount  a whole number; negative for what the caller gives back */
  add(caller: string, amount: number): void {
    const held = this.of(caller) + amount;
    if (!(held >= 0)) throw new Error(`BUG: ${caller} gives back more than they hold: ${held}`);
    this.#sum += amount;
    if (held > 0) this.#amounts.set(caller, held);
    else this.#amounts.delete(caller);
  }
}
