import { interrupted, type MachineError } from "../driver/index.js";

export interface TimeLimits {
  readonly signal: AbortSignal;
  /** Milliseconds, and the error when they are over. Default: no end. */
  readonly deadline?: { readonly after: number; readonly error: () => MachineError };
  /** Ends the work; called when it is given up, before the rejection. */
  readonly stop?: () => void;
}

/**
 * Settles as `work` does, unless the time is over or the signal aborts before.
 * @throws MachineError `interrupted` when the signal aborts
 */
export function withTimeout<T>(work: Promise<T>, { signal, deadline, stop }: TimeLimits): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (error: MachineError): void => {
      settle();
      stop?.();
      reject(error);
    };
    const abort = (): void => {
      giveUp(interrupted());
    };
    const timer =
      deadline === undefined
        ? undefined
        : setTimeout(() => {
            giveUp(deadline.error());
          }, deadline.after);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    work.finally(settle).then(resolve, reject);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}

/** Runs at most `limit` works at once; the others wait in line. */
export function limitConcurrency(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < limit) running++;
    else
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
