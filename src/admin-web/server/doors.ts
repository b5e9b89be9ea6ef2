// The doors people come in by: the link of an invitation, the link of /wa link with the sign-in behind it, and the link of /wa login. Small pages of one sentence.
import express from 'express';
import type { Request, RequestHandler, Router } from 'express';
import { requireOwnOrigin } from './auth.ts';
import { cookieIn, cookieName, cookieOptions, SESSION, SIGN_IN } from './cookies.ts';
import { requireReady } from './health.ts';
import { sayProblem, sayTo } from './page.ts';
import type { WebParts } from './parts.ts';

/** As long as a sign-in may take (`access/sign-in.ts`). */
const COOKIE_MS = 10 * 60_000;
/** Longer ones are none of ours. */
const LONGEST_TOKEN = 512;

/** Routes outside of `/api/v1`, for browsers of people who needn't be signed in. */
export function createDoors(parts: WebParts, ownOrigins: () => ReadonlySet<string>): Router {
  const doors = express.Router();
  const ready = requireReady(parts);
  const own = requireOwnOrigin(ownOrigins);
  doors.get('/sign-in/back', ready, signInBack(parts));
  doors.get('/sign-in/:token', ready, signInStart(parts));
  doors.get('/invitation/:token', ready, invitationShown);
  doors.post('/invitation/:token', ready, own, invitationClaimed(parts));
  doors.get('/login/:token', ready, loginShown(parts));
  doors.post('/login/:token', ready, own, loggedIn(parts));
  doors.post('/sign-out', ready, own, signedOut(parts));
  doors.get('/', ready, home(parts));
  doors.use(sayProblem);
  return doors;
}

/** Repeatable and without effect on us: mail scanners and previews open links, too. */
function signInStart(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const start = await parts.access.startSignIn(tokenOf(request));
    if ('refused' in start) return sayTo(response, 410, 'Not signed in', start.refused);
    const options = { ...cookieOptions(parts.config), maxAge: COOKIE_MS };
    response.cookie(cookieName(parts.config, SIGN_IN), start.verifier, options).redirect(303, start.url);
  };
}

function signInBack(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const { state, code } = request.query;
    const end = await parts.access.finishSignIn({
      state: typeof state === 'string' ? state : '',
      code: typeof code === 'string' && code !== '' ? code : undefined,
      verifier: cookieIn(request, parts.config, SIGN_IN),
    });
    response.clearCookie(cookieName(parts.config, SIGN_IN), cookieOptions(parts.config));
    if ('refused' in end) return sayTo(response, 403, 'Not linked', end.refused);
    const { email, role } = end.agent;
    const what = role === 'admin' ? 'as an admin, who sees every chat' : 'with the chats you were given';
    sayTo(response, 200, 'Linked', `You are ${email} now, ${what}. You can close this page and go back.`);
  };
}

/** Only asks: the button claims it, so that programs which open links don't. */
const invitationShown: RequestHandler = (_request, response) => {
  sayTo(response, 200, 'You are invited', 'Join your team’s shared WhatsApp inbox.', { label: 'Join' });
};

function invitationClaimed(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const claimed = await parts.access.claim(tokenOf(request), 'web');
    if ('refused' in claimed) return sayTo(response, 410, 'Not joined', claimed.refused);
    const next = 'In your team’s chat tool, /wa chats shows your chats; if it doesn’t know you there, use /wa link.';
    sayTo(response, 200, 'Welcome', `${claimed.agent.email} is in the team now. ${next}`);
  };
}

/** Only asks, too, and says for whom: nobody is to be signed in as somebody else by a link that they were sent. */
function loginShown(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const link = await parts.access.loginOf(tokenOf(request));
    if ('refused' in link) return sayTo(response, 410, 'Not signed in', link.refused);
    const what = `This link signs you in as ${link.agent.email}. If that isn’t you, close this page.`;
    sayTo(response, 200, 'Sign in', what, { label: 'Sign in' });
  };
}

function loggedIn(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const opened = await parts.access.login(tokenOf(request));
    if ('refused' in opened) return sayTo(response, 410, 'Not signed in', opened.refused);
    const before = cookieIn(request, parts.config, SESSION);
    if (before !== undefined) await parts.access.logout(before);
    const options = { ...cookieOptions(parts.config), expires: opened.expiresAt };
    response.cookie(cookieName(parts.config, SESSION), opened.token, options).redirect(303, '/');
  };
}

function signedOut(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const session = cookieIn(request, parts.config, SESSION);
    if (session !== undefined) await parts.access.logout(session);
    response.clearCookie(cookieName(parts.config, SESSION), cookieOptions(parts.config));
    sayTo(response, 200, 'Signed out', 'You are signed out. /wa login in your team’s chat tool lets you in again.');
  };
}

function home(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const session = cookieIn(request, parts.config, SESSION);
    const agent = session === undefined ? undefined : await parts.access.signedIn(session);
    if (agent === undefined) {
      return sayTo(response, 401, 'Not signed in', 'Ask for a link with /wa login in your team’s chat tool.');
    }
    const what = agent.role === 'admin' ? 'an admin, who sees every chat' : 'a member, with the chats you were given';
    const title = 'Switchboard';
    sayTo(response, 200, title, `You are signed in as ${agent.email}, ${what}.`, {
      label: 'Sign out',
      to: '/sign-out',
    });
  };
}

const tokenOf = (request: Request): string => String(request.params['token']).slice(0, LONGEST_TOKEN);
