// A Post: what a channel should show for one thing. A value made by `compose`, drawn by an adapter's `present`; never the truth.
import type { Readable } from 'node:stream';
import type { MediaKind } from './content.ts';
import type { RichText } from './text.ts';

/** Shown as the post's author instead of the bot. `seed` chooses the colour of the generated icon and stays the same for a person. */
export interface PostAuthor {
  readonly name: string;
  readonly seed: string;
}

/** A file to show. `open` may be called again after a failed try; the stream fails with a BridgeError when bytes, size or hash are wrong. */
export interface PostFile {
  readonly media: MediaKind;
  readonly name: string;
  readonly mimeType: string;
  /** Exact when known. Platforms that must be told the length beforehand buffer to disk when it's absent. */
  readonly sizeBytes?: number;
  readonly durationSeconds?: number;
  /** Words for people who can't see or hear it. */
  readonly altText: string;
  open(): Promise<Readable>;
}

/** `action` comes back in an `asked` event, verbatim. At most 80 characters of [a-z0-9:_-]. */
export interface Button {
  readonly action: string;
  readonly label: string;
  readonly tone: 'normal' | 'primary' | 'danger';
}

/**
 * From top to bottom: small grey marks (forwarded, from the phone), the quote (only where the quoted post can't be threaded to),
 * the text, the file, small grey lines, buttons. Everything is literal: an adapter must neutralise its own syntax, mentions and previews.
 */
export interface Post {
  readonly author?: PostAuthor;
  readonly marks: readonly string[];
  readonly quote?: { readonly author: string; readonly text: string };
  readonly text: RichText;
  readonly file?: PostFile;
  readonly lines: readonly string[];
  readonly buttons: readonly Button[];
  /** The whole in plain words: notifications, search, screen readers. Never empty. */
  readonly summary: string;
}
