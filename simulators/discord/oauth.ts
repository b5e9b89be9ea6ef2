// "Sign in with Discord": the consent page, codes, tokens and their end.
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RESTPostOAuth2AccessTokenResult } from 'discord-api-types/v10';
import { textOf } from './json.ts';
import type { JsonObject } from './json.ts';
import { renderUser } from './render.ts';
import type { Guild } from './state.ts';

/** Seconds a token is good. */
const TOKEN_LIFE_S = 604_800;

interface Code {
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  readonly challenge: string | undefined;
}

interface Grant {
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly access: string;
  readonly refresh: string;
  readonly expiresAt: number;
}

/** An answer of the token endpoint. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/** The OAuth2 side of the app. */
export class OAuth {
  readonly #guild: Guild;
  readonly #codes = new Map<string, Code>();
  readonly #grants = new Set<Grant>();

  constructor(guild: Guild) {
    this.#guild = guild;
  }

  /** Tokens that are good now. */
  get openGrantCount(): number {
    return this.#grants.size;
  }

  /** The consent page: whoever is signed in agrees at once, nobody signed in declines. Bad requests show a page and don't go back. */
  authorize(response: ServerResponse, url: URL): void {
    const asked = url.searchParams;
    const redirectUri = asked.get('redirect_uri') ?? '';
    const known = this.#guild.redirectUris?.includes(redirectUri) ?? URL.canParse(redirectUri);
    const refusedFor =
      asked.get('client_id') !== this.#guild.applicationId
        ? 'Unknown Application'
        : asked.get('response_type') !== 'code'
          ? 'Invalid response_type'
          : known
            ? undefined
            : 'Invalid OAuth2 redirect_uri';
    if (refusedFor !== undefined) {
      response.writeHead(400, { 'content-type': 'text/html; charset=utf-8' }).end(`<!DOCTYPE html>${refusedFor}`);
      return;
    }
    const target = new URL(redirectUri);
    const user = this.#guild.signedIn;
    if (user === undefined) {
      target.searchParams.set('error', 'access_denied');
      target.searchParams.set('error_description', 'The resource owner or authorization server denied the request');
    } else {
      const code = randomBytes(15).toString('base64url');
      const challenge = asked.get('code_challenge') ?? undefined;
      const scopes = (asked.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
      this.#codes.set(code, { userId: user, scopes, redirectUri, challenge });
      target.searchParams.set('code', code);
    }
    const state = asked.get('state');
    if (state !== null) target.searchParams.set('state', state);
    response.writeHead(302, { location: target.href }).end();
  }

  /** `POST /oauth2/token`: a code or a refresh token for tokens. */
  token(request: IncomingMessage, body: JsonObject): TokenAnswer {
    if (!this.#isClient(request, body)) return { status: 401, body: { error: 'invalid_client' } };
    switch (body['grant_type']) {
      case 'authorization_code': {
        const code = this.#codes.get(textOf(body['code']));
        // A code is good for one try.
        this.#codes.delete(textOf(body['code']));
        const verifier = textOf(body['code_verifier']);
        const proven =
          code?.challenge === undefined || code.challenge === createHash('sha256').update(verifier).digest('base64url');
        if (code === undefined || code.redirectUri !== textOf(body['redirect_uri']) || !proven)
          return { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid "code" in request.' } };
        return this.#grant(code.userId, code.scopes);
      }
      case 'refresh_token': {
        const grant = [...this.#grants].find((other) => other.refresh === textOf(body['refresh_token']));
        if (grant === undefined) return { status: 400, body: { error: 'invalid_grant' } };
        this.#grants.delete(grant);
        return this.#grant(grant.userId, grant.scopes);
      }
      default:
        return { status: 400, body: { error: 'unsupported_grant_type' } };
    }
  }

  /** `POST /oauth2/token/revoke`: ends both tokens. */
  revoke(request: IncomingMessage, body: JsonObject): TokenAnswer {
    if (!this.#isClient(request, body)) return { status: 401, body: { error: 'invalid_client' } };
    const token = textOf(body['token']);
    for (const grant of this.#grants) if (grant.access === token || grant.refresh === token) this.#grants.delete(grant);
    return { status: 200, body: {} };
  }

  /** Whose token it is; undefined when it isn't good. */
  bearer(token: string): { readonly userId: string; readonly scopes: readonly string[] } | undefined {
    return [...this.#grants].find((grant) => grant.access === token && grant.expiresAt > this.#guild.now());
  }

  /** `GET /users/@me` with a Bearer token: the email only with its scope. */
  me(userId: string, scopes: readonly string[]): JsonObject {
    const user = this.#guild.users.get(userId);
    if (user === undefined) return {};
    return {
      ...(renderUser(user) as unknown as JsonObject),
      mfa_enabled: false,
      locale: 'en-US',
      premium_type: 0,
      ...(scopes.includes('email') ? { email: user.email ?? null, verified: user.verified } : {}),
    };
  }

  #grant(userId: string, scopes: readonly string[]): TokenAnswer {
    const grant: Grant = {
      userId,
      scopes,
      access: randomBytes(15).toString('base64url'),
      refresh: randomBytes(15).toString('base64url'),
      expiresAt: this.#guild.now() + TOKEN_LIFE_S * 1000,
    };
    this.#grants.add(grant);
    const body = {
      token_type: 'Bearer',
      access_token: grant.access,
      expires_in: TOKEN_LIFE_S,
      refresh_token: grant.refresh,
      scope: scopes.join(' '),
    } satisfies RESTPostOAuth2AccessTokenResult;
    return { status: 200, body };
  }

  #isClient(request: IncomingMessage, body: JsonObject): boolean {
    const { authorization = '' } = request.headers;
    const basic = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
    const [id = '', secret = ''] = authorization.startsWith('Basic ')
      ? basic.split(':')
      : [textOf(body['client_id']), textOf(body['client_secret'])];
    return id === this.#guild.applicationId && secret === this.#guild.clientSecret;
  }
}
