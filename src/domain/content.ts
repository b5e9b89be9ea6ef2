// What a Message says, whichever messenger it came from.
import type { MediaRef } from './ids.ts';
import type { RichText } from './text.ts';

export type MediaKind = 'image' | 'video' | 'gif' | 'audio' | 'voice' | 'document' | 'sticker';

/** A file of the messenger's side. Sizes in bytes and hashes are what the sender claimed: check them against what arrives. */
export interface MediaFile {
  readonly ref: MediaRef;
  readonly mimeType: string;
  readonly name?: string;
  readonly sizeBytes?: number;
  /** SHA-256 of the plain bytes, hex. */
  readonly sha256?: string;
  readonly durationSeconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly animated?: boolean;
}

export interface ContactCard {
  readonly name: string;
  readonly phones: readonly string[];
}

/** What changed in a group. Names are the persons' shown names at that moment. */
export type GroupChange =
  | {
      readonly what: 'created' | 'joined' | 'left' | 'removed' | 'promoted' | 'demoted';
      readonly people: readonly string[];
    }
  | { readonly what: 'renamed'; readonly name: string }
  | { readonly what: 'described'; readonly description: string }
  | { readonly what: 'other'; readonly name: string };

/** `missing` is a message whose plaintext we never got (its sender was asked again); `unsupported` is a kind we can't show, by name. */
export type Content =
  | { readonly kind: 'text'; readonly text: RichText }
  | {
      readonly kind: 'media';
      readonly media: MediaKind;
      readonly file: MediaFile;
      readonly caption: RichText;
      readonly viewOnce: boolean;
    }
  | {
      readonly kind: 'location';
      readonly latitude: number;
      readonly longitude: number;
      readonly live: boolean;
      readonly name?: string;
      readonly address?: string;
    }
  | { readonly kind: 'contacts'; readonly cards: readonly ContactCard[] }
  | {
      readonly kind: 'poll';
      readonly question: string;
      readonly options: readonly string[];
      readonly selectableCount: number;
    }
  | {
      readonly kind: 'event';
      readonly name: string;
      readonly description?: string;
      readonly startsAt?: string;
      readonly place?: string;
      readonly cancelled: boolean;
    }
  | { readonly kind: 'album'; readonly imageCount: number; readonly videoCount: number }
  | { readonly kind: 'call'; readonly video: boolean; readonly missed: boolean }
  | { readonly kind: 'change'; readonly change: GroupChange }
  | { readonly kind: 'viewOnce' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unsupported'; readonly name: string };

export type ContentKind = Content['kind'];
