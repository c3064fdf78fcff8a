const day = 24 * 3_600_000;

/** FULL=1 in the environment: tests go through all that they have, of which they take another part each day else. */
export const isFull = process.env["FULL"] === "1";

/** The seed of this run: that of SEED in the environment, else the day's number by UTC. It is told on stderr. */
export function chosenSeed(): number {
  const seed = Number(process.env["SEED"] ?? Math.floor(Date.now() / day));
  process.stderr.write(`to repeat this: SEED=${String(seed)}${isFull ? " FULL=1" : ""}\n`);
  return seed;
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32, public domain). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The same things in random order. */
export function shuffled<T>(things: readonly T[], random: () => number): T[] {
  return things
    .map((thing) => ({ thing, key: random() }))
    .sort((one, other) => one.key - other.key)
    .map(({ thing }) => thing);
}
