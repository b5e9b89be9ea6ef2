// The link of an invitation: its token, how long it is good, and what is kept of it.
import { createHash, randomBytes } from 'node:crypto';

/** How long a link of an invitation is good. */
export const LINK_MS = 14 * 24 * 60 * 60_000;
const TOKEN_BYTES = 32;

export const newToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url');
/** All that is kept of a token. */
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
export const linkOf = (publicUrl: string, token: string): string =>
  `${publicUrl.replace(/\/$/u, '')}/invitation/${token}`;
