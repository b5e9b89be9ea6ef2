// The doors people come in by: the link of an invitation, and the link of /wa link with the sign-in behind it. Small pages of one sentence.
import express from 'express';
import type { Request, RequestHandler, Response, Router } from 'express';
import { BridgeError } from '../../domain/errors.ts';
import { requireOwnOrigin } from './auth.ts';
import { Problem, toProblem } from './errors.ts';
import { requireReady } from './health.ts';
import type { WebParts } from './parts.ts';

/** As long as a sign-in may take (`access/sign-in.ts`). */
const COOKIE_MS = 10 * 60_000;
/** Longer ones are none of ours. */
const LONGEST_TOKEN = 512;

/** Routes outside of `/api/v1`, for browsers of people who needn't be signed in. */
export function createDoors(parts: WebParts, ownOrigins: () => ReadonlySet<string>): Router {
  const doors = express.Router();
  const ready = requireReady(parts);
  doors.get('/sign-in/back', ready, signInBack(parts));
  doors.get('/sign-in/:token', ready, signInStart(parts));
  doors.get('/invitation/:token', ready, invitationShown);
  doors.post('/invitation/:token', ready, requireOwnOrigin(ownOrigins), invitationClaimed(parts));
  doors.use(sayProblem);
  return doors;
}

/** A cookie that only this host's https can have set, where we are reached by https. */
function cookieOf({ config }: WebParts) {
  const secure = config.publicUrl.startsWith('https:');
  return {
    name: secure ? '__Host-sign-in' : 'sign-in',
    options: { httpOnly: true, secure, sameSite: 'lax', path: '/' } as const,
  };
}

/** Repeatable and without effect on us: mail scanners and previews open links, too. */
function signInStart(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const start = await parts.access.startSignIn(tokenOf(request));
    if ('refused' in start) return sayTo(response, 410, 'Not signed in', start.refused);
    const { name, options } = cookieOf(parts);
    response.cookie(name, start.verifier, { ...options, maxAge: COOKIE_MS }).redirect(303, start.url);
  };
}

function signInBack(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const { name, options } = cookieOf(parts);
    const { state, code } = request.query;
    const verifier = cookieIn(request, name);
    const end = await parts.access.finishSignIn({
      state: typeof state === 'string' ? state : '',
      code: typeof code === 'string' && code !== '' ? code : undefined,
      verifier,
    });
    response.clearCookie(name, options);
    if ('refused' in end) return sayTo(response, 403, 'Not linked', end.refused);
    const { email, role } = end.agent;
    const what = role === 'admin' ? 'as an admin, who sees every chat' : 'with the chats you were given';
    sayTo(response, 200, 'Linked', `You are ${email} now, ${what}. You can close this page and go back.`);
  };
}

/** Only asks: the button claims it, so that programs which open links don't. */
const invitationShown: RequestHandler = (_request, response) => {
  response.set(
    'content-security-policy',
    "default-src 'none'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
  );
  sayTo(response, 200, 'You are invited', 'Join your team’s shared WhatsApp inbox.', 'Join');
};

function invitationClaimed(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const claimed = await parts.access.claim(tokenOf(request), 'web');
    if ('refused' in claimed) return sayTo(response, 410, 'Not joined', claimed.refused);
    const next = 'In your team’s chat tool, /wa chats shows your chats; if it doesn’t know you there, use /wa link.';
    sayTo(response, 200, 'Welcome', `${claimed.agent.email} is in the team now. ${next}`);
  };
}

const tokenOf = (request: Request): string => String(request.params['token']).slice(0, LONGEST_TOKEN);

function cookieIn(request: Request, name: string): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** What went wrong at the platform or here, for a person instead of a program. */
const sayProblem: express.ErrorRequestHandler = (error, _request, response, next) => {
  const problem = error instanceof BridgeError || error instanceof Problem ? toProblem(error) : undefined;
  if (problem === undefined || response.headersSent) next(error);
  else {
    response.set(problem.headers);
    sayTo(response, problem.status, 'That didn’t work', problem.detail);
  }
};

function sayTo(response: Response, status: number, title: string, sentence: string, button?: string): void {
  const form = button === undefined ? '' : `<form method="post"><button>${escapeText(button)}</button></form>`;
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeText(title)}</title>`;
  response
    .status(status)
    .type('html')
    .send(
      `<!doctype html><html lang="en"><head>${head}</head><body><h1>${escapeText(title)}</h1><p>${escapeText(sentence)}</p>${form}</body></html>`,
    );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeText = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
