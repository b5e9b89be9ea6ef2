// Seeded choices: the same seed chooses the same, and it's printed with every run.
import { createHash } from 'node:crypto';

/** TEST_SEED, or a new one each run: the test's name shows it. */
export const seed: string = process.env['TEST_SEED'] ?? String(Math.floor(Math.random() * 1e9));

/** `size` different numbers from 1 to `of`, in order; all of them when there are no more. `name` makes each test's choice its own. */
export function sample(name: string, of: number, size: number): number[] {
  const keyed = Array.from({ length: of }, (_, index) => ({
    number: index + 1,
    key: createHash('sha256').update(`${seed} ${name} ${index}`).digest('hex'),
  }));
  return keyed
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, size)
    .map(({ number }) => number)
    .sort((a, b) => a - b);
}

/** An endless row of numbers from 0 to 1, the same for the same seed. `name` makes each test's row its own. */
export function chance(name: string): () => number {
  let step = 0;
  return () => {
    step += 1;
    const digest = createHash('sha256').update(`${seed} ${name} ${step}`).digest();
    return digest.readUInt32BE(0) / 2 ** 32;
  };
}
