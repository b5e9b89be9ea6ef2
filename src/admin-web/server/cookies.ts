// Our cookies: what they are called, what a browser may do with them, and reading them.
import type { IncomingMessage } from 'node:http';
import type { CookieOptions } from 'express';
import type { WebSettings } from './parts.ts';

/** Holds the token of a Login. */
export const SESSION = 'session';
/** Holds the verifier of a sign-in under way at a platform. */
export const SIGN_IN = 'sign-in';

type Reached = Pick<WebSettings, 'publicUrl'>;

const isSecure = ({ publicUrl }: Reached): boolean => publicUrl.startsWith('https:');

/** Where we are reached by https: a name that only this host's https can have set. */
export const cookieName = (config: Reached, name: string): string => (isSecure(config) ? `__Host-${name}` : name);

/** `lax`: links to us from a chat tool must find people signed in; what changes something must say which page it comes from besides. */
export const cookieOptions = (config: Reached): CookieOptions => ({
  httpOnly: true,
  secure: isSecure(config),
  sameSite: 'lax',
  path: '/',
});

export function cookieIn(request: IncomingMessage, config: Reached, name: string): string | undefined {
  const start = `${cookieName(config, name)}=`;
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(start))?.slice(start.length);
}
