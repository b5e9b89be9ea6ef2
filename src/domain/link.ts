// Linking a number: how it's asked for, and the steps that any door can show.

/** A step of linking an Account, for any door to show. `qr` and `code` are credentials: never log or store them. */
export type LinkStep =
  | { readonly step: 'waiting' }
  | { readonly step: 'qr'; readonly qr: string; readonly expiresAt: Date }
  | { readonly step: 'code'; readonly code: string }
  | { readonly step: 'linked'; readonly phone: string }
  | { readonly step: 'failed'; readonly reason: string };

export interface LinkOptions {
  readonly method: 'qr' | 'code';
  /** For `code`: the number that will type it, E.164. */
  readonly phone?: string;
}
