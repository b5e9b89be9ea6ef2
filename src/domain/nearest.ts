// “Did you mean …?”: the nearest of some names. Pure.

/** More letters wrong than this in every ten, and it isn't meant. */
const WRONG_PER_TEN = 4;
/** Names longer than this aren't compared: nobody mistypes a whole paragraph. */
const LONGEST = 100;

/** The name that takes the fewest changes of letters, if it isn't too far away. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const wanted = name.trim().toLowerCase();
  if (wanted === '' || wanted.length > LONGEST) return undefined;
  let best: { name: string; distance: number } | undefined;
  for (const candidate of names) {
    if (candidate.length > LONGEST) continue;
    const distance = distanceOf(wanted, candidate.toLowerCase());
    const allowed = Math.ceil((Math.max(wanted.length, candidate.length) * WRONG_PER_TEN) / 10);
    if (distance <= allowed && (best === undefined || distance < best.distance)) best = { name: candidate, distance };
  }
  return best?.name;
}

/** Levenshtein's distance, row by row. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of one.split('').entries()) {
    const next = [index + 1];
    for (const [column, target] of other.split('').entries()) {
      const [left = 0, above = 0, corner = 0] = [next[column], row[column + 1], row[column]];
      next.push(Math.min(left + 1, above + 1, corner + (letter === target ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** “ Did you mean …?”, to stand behind a sentence; empty when nothing is near. */
export function hintAt(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? '' : ` Did you mean “${near}”?`;
}
