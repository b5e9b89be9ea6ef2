// "Sign in with Discord": OAuth2 for the id and the email of one person; the token is given back at once.
import { OAuth2Scopes, REST, Routes } from 'discord.js';
import { request } from 'undici';
import { z } from 'zod';
import type { Log } from '../../runtime/log.ts';
import type { SignedIn, SignIn } from '../platform.ts';
import { restOptions } from './api.ts';
import { signInFailed, toBridgeError } from './errors.ts';
import { userId } from './ids.ts';
import type { Transport } from './transport.ts';

/** Source: docs.discord.com, "OAuth2". */
const AUTHORIZE_URL = 'https://discord.com/oauth2/authorize';
const TOKEN_URL = 'https://discord.com/api/oauth2/token';
const TIMEOUT_MS = 10_000;

const tokenShape = z.object({ access_token: z.string().min(1) });
const userShape = z.object({ id: z.string(), email: z.string().nullish(), verified: z.boolean().nullish() });

/** The app as Discord's developer portal knows it. */
export interface SignInClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface SignInOptions {
  readonly client: SignInClient;
  /** Discord's own when absent. */
  readonly authorizeUrl: string | undefined;
  readonly tokenUrl: string | undefined;
  readonly apiUrl: string | undefined;
  readonly transport: Transport;
  readonly log: Log;
}

/** See `ChatPlatform.signIn`. */
export function createSignIn(options: SignInOptions): SignIn {
  const { apiUrl, transport, log, authorizeUrl = AUTHORIZE_URL, tokenUrl = TOKEN_URL } = options;
  const { clientId, clientSecret } = options.client;

  /** One call with our id and secret. Never repeated: a code is good for one try. */
  async function ask(url: string, form: Readonly<Record<string, string>>): Promise<unknown> {
    const doing = `post ${new URL(url).pathname}`;
    let answer: { readonly statusCode: number; readonly text: string };
    try {
      const { statusCode, body } = await request(url, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
        },
        body: new URLSearchParams(form).toString(),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        dispatcher: transport.dispatcher,
      });
      answer = { statusCode, text: await body.text() };
    } catch (error) {
      throw toBridgeError(error, doing);
    }
    if (answer.statusCode !== 200) throw signInFailed(answer.statusCode, doing);
    try {
      return JSON.parse(answer.text) as unknown;
    } catch {
      throw signInFailed(502, doing);
    }
  }

  async function whoIs(token: string): Promise<SignedIn> {
    const rest = new REST({ ...restOptions({ apiUrl, transport }), authPrefix: 'Bearer' }).setToken(token);
    const doing = 'get /users/@me as a person';
    try {
      const user = userShape.safeParse(await rest.get(Routes.user()));
      if (!user.success) throw signInFailed(502, doing);
      const { id, email, verified } = user.data;
      return { user: userId(id), email: email ?? undefined, isVerified: verified === true };
    } catch (error) {
      throw toBridgeError(error, doing);
    } finally {
      rest.clearHashSweeper();
      rest.clearHandlerSweeper();
    }
  }

  return {
    startUrl: ({ redirectUri, state, challenge }) => {
      const url = new URL(authorizeUrl);
      const query = {
        response_type: 'code',
        client_id: clientId,
        scope: `${OAuth2Scopes.Identify} ${OAuth2Scopes.Email}`,
        redirect_uri: redirectUri,
        state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return url.href;
    },
    finish: async ({ redirectUri, code, verifier }) => {
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
      const token = tokenShape.safeParse(await ask(tokenUrl, form));
      if (!token.success) throw signInFailed(502, 'post token');
      const { access_token: access } = token.data;
      try {
        return await whoIs(access);
      } finally {
        await ask(`${tokenUrl}/revoke`, { token: access, token_type_hint: 'access_token' }).catch((error: unknown) => {
          log.warn({ err: error }, 'a token of a sign-in could not be given back; it ends by itself');
        });
      }
    },
  };
}
