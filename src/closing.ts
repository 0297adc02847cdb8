/** What has to be ended, last come first; one that fails to does not keep the others from it. */
export class Closing {
  private readonly ends: Array<() => unknown> = []

  add(end: () => unknown): void {
    this.ends.unshift(end)
  }

  async close(): Promise<void> {
    for (const end of this.ends)
      await Promise.resolve()
        .then(end)
        .catch(() => {})
  }
}
