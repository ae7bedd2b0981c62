/** Asks one question at a time; while one is under way only the latest of the others waits. */

export class Latest<Q> {
  private waiting: { question: Q } | null = null;
  private isBusy = false;

  constructor(
    private readonly ask: (question: Q) => Promise<void>,
    private readonly rested: () => void = () => undefined,
  ) {}

  get busy(): boolean {
    return this.isBusy;
  }

  put(question: Q): void {
    this.waiting = { question };
    if (!this.isBusy) void this.work();
  }

  /** Forgets what waits; what is under way is answered but its asker no longer cares. */
  clear(): void {
    this.waiting = null;
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    try {
      while (this.waiting) {
        const { question } = this.waiting;
        this.waiting = null;
        await this.ask(question);
      }
    } finally {
      this.isBusy = false;
      this.rested();
    }
  }
}
