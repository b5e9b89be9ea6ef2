// Joins pieces of a line that need not be apart: every reader of somebody's syntax ends with it.
import type { Inline, Style } from './text.ts';

function sameStyle(one: Style | undefined, other: Style | undefined): boolean {
  return (
    one?.bold === other?.bold &&
    one?.italic === other?.italic &&
    one?.strike === other?.strike &&
    one?.code === other?.code
  );
}

/** Neighbouring text pieces of one style become one; empty ones go. Links and mentions stay as they are. */
export function mergeInlines(inlines: readonly Inline[]): readonly Inline[] {
  const merged: Inline[] = [];
  for (const inline of inlines) {
    if (inline.kind === 'text' && inline.text === '') continue;
    const last = merged.at(-1);
    if (inline.kind === 'text' && last?.kind === 'text' && sameStyle(last.style, inline.style)) {
      merged[merged.length - 1] = { ...last, text: last.text + inline.text };
    } else merged.push(inline);
  }
  return merged;
}
