/** What must be given back, in the opposite order of its taking. */
export class Resources {
  #releases: (() => Promise<unknown>)[] = [];

  add(release: () => Promise<unknown>): void {
    this.#releases.push(release);
  }

  /** Gives everything back, whatever fails on the way; throws the first failure. A second call has nothing to do. */
  async release(): Promise<void> {
    const releases = this.#releases.reverse();
    this.#releases = [];
    const failures: unknown[] = [];
    for (const release of releases) await release().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
