/** Begins each piece of work when those given before it are done, whether they failed or not. */
export function createTurns(): <T>(work: () => T | Promise<T>) => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };
}
