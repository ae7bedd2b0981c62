/** Undo and redo: what was, what is, what was taken back. */

export interface History<T> {
  past: readonly T[];
  present: T;
  future: readonly T[];
  /** Edits that bear the same mark run together into one step. */
  mark: string | null;
}

const MOST_STEPS = 200;

export function began<T>(present: T): History<T> {
  return { past: [], present, future: [], mark: null };
}

/** Takes an edit on; an edit with the mark of the one before replaces it, as the steps of a slider do. */
export function edited<T>(history: History<T>, next: T, mark: string | null = null): History<T> {
  if (next === history.present) return history;
  if (mark !== null && mark === history.mark) return { ...history, present: next, future: [] };
  return { past: [...history.past, history.present].slice(-MOST_STEPS), present: next, future: [], mark };
}

export function undone<T>(history: History<T>): History<T> {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return { past: history.past.slice(0, -1), present: before, future: [history.present, ...history.future], mark: null };
}

export function redone<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future, mark: null };
}

/** Ends a run of edits: the next one is a step of its own. */
export function settled<T>(history: History<T>): History<T> {
  return history.mark === null ? history : { ...history, mark: null };
}
