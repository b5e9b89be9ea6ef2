// The neutral rich text that both sides are translated to and from: what was meant, without anybody's syntax.
import type { PersonAddress, UserId } from './ids.ts';

export interface Style {
  readonly bold?: true;
  readonly italic?: true;
  readonly strike?: true;
  readonly code?: true;
}

/**
 * A piece of a line. `text` is literal: no syntax in it means anything, emoji are Unicode.
 * `link` without a label shows its URL; a label is only ever written by our own side.
 * `mention` names a person: of the messenger's side (`person`), or of the workspace (`user`); it never pings on our side.
 */
export type Inline =
  | { readonly kind: 'text'; readonly text: string; readonly style?: Style }
  | { readonly kind: 'link'; readonly url: string; readonly label?: string; readonly style?: Style }
  | { readonly kind: 'mention'; readonly name: string; readonly person?: PersonAddress; readonly user?: UserId };

/** A line of a list; `indent` counts from 0; ordered lists carry their own number. */
export interface ListItem {
  readonly indent: number;
  readonly number?: number;
  readonly inlines: readonly Inline[];
}

/** A paragraph is one or more lines; `\n` inside a text piece is a line break. */
export type Block =
  | { readonly kind: 'paragraph'; readonly inlines: readonly Inline[] }
  | { readonly kind: 'quote'; readonly inlines: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly ListItem[] };

export type RichText = readonly Block[];

/** Literal text, no formatting. The empty string gives no block. */
export function plain(text: string): RichText {
  return text === '' ? [] : [{ kind: 'paragraph', inlines: [{ kind: 'text', text }] }];
}

function inlineText(inline: Inline): string {
  switch (inline.kind) {
    case 'text':
      return inline.text;
    case 'link':
      return inline.label === undefined || inline.label === inline.url ? inline.url : `${inline.label} (${inline.url})`;
    case 'mention':
      return `@${inline.name}`;
  }
}

function inlinesText(inlines: readonly Inline[]): string {
  return inlines.map(inlineText).join('');
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return inlinesText(block.inlines);
    case 'quote':
      return inlinesText(block.inlines)
        .split('\n')
        .map((line) => `> ${line}`)
        .join('\n');
    case 'code':
      return block.text;
    case 'list':
      return block.items
        .map((item) => {
          const bullet = block.ordered ? `${item.number ?? 1}.` : '•';
          return `${'  '.repeat(item.indent)}${bullet} ${inlinesText(item.inlines)}`;
        })
        .join('\n');
  }
}

/** The words without formatting: for search, notifications, previews and exports. */
export function plainText(text: RichText): string {
  return text.map(blockText).join('\n');
}
