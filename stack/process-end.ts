/** What must be done when this process ends before its work has. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface EndHandlers {
  /** For a signal that nothing else in the process handles; the process dies of the signal once this has settled. */
  readonly signal: () => Promise<void>;
  /** For an exit, a crash included, that can wait for nothing. */
  readonly exit: () => void;
}

/** Returns a function that takes the handlers away again. */
export function onProcessEnd(handlers: EndHandlers): () => void {
  // who handles signals itself ends its work in its own way
  const signals = SIGNALS.filter((signal) => process.listenerCount(signal) === 0);
  const die = (signal: NodeJS.Signals): void => {
    forget();
    void handlers.signal().finally(() => process.kill(process.pid, signal));
  };
  const forget = (): void => {
    signals.forEach((signal) => process.removeListener(signal, die));
    process.removeListener('exit', handlers.exit);
  };
  signals.forEach((signal) => process.on(signal, die));
  process.on('exit', handlers.exit);
  return forget;
}
