/** Work with the same key is done one after the other, in no particular order. */
export class OneAtATime {
  /** Key → the work in progress. Settles when it is over; never rejects. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    for (let other = this.#underWay.get(key); other !== undefined; other = this.#underWay.get(key)) await other;
    const done = work();
    this.#underWay.set(
      key,
      done.catch(() => {}),
    );
    try {
      return await done;
    } finally {
      this.#underWay.delete(key);
    }
  }
}
