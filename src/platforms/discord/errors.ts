// Discord's failures → BridgeError, once: who said no, who didn't answer, and what a person can do about it.
import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { BridgeError } from '../../domain/errors.ts';
import type { BridgeErrorCode } from '../../domain/errors.ts';
import type { Problem } from '../../domain/events.ts';
import { NotToAct } from '../not-to-act.ts';

/** How long to wait with a token that isn't accepted, or a permission that's missing: a person has to act first. */
const PERSON_NEEDED_MS = 60_000;
/** The longest wait we believe. */
const LONGEST_WAIT_MS = 3_600_000;

interface Meaning {
  readonly code: BridgeErrorCode;
  readonly sentence: string;
  readonly retry?: 'later';
  readonly retryAfterMs?: number;
  readonly waitFor?: 'workspace';
  /** Discord may have done it all the same. */
  readonly uncertain?: true;
}

const TOKEN_REFUSED: Meaning = {
  code: 'unauthorised',
  sentence: 'Discord does not accept our token any more.',
  retry: 'later',
  retryAfterMs: PERSON_NEEDED_MS,
  waitFor: 'workspace',
};
const CHANNEL_GONE: Meaning = {
  code: 'channel_gone',
  sentence: 'The channel is gone, or the bot was taken out of it.',
};
const POST_GONE: Meaning = { code: 'post_gone', sentence: 'The post is not there any more.' };
const FORBIDDEN: Meaning = { code: 'not_allowed', sentence: "The Discord server's settings do not allow this." };
const TOO_LARGE: Meaning = { code: 'too_large', sentence: 'This is larger than Discord takes.' };
const NO_SUCH_PERSON: Meaning = { code: 'refused', sentence: 'Discord knows no such person here, or they left.' };
const FULL: Meaning = { code: 'not_allowed', sentence: 'The Discord server has no room left for this.' };
const EXPIRED: Meaning = { code: 'refused', sentence: 'That took too long for Discord. Please try again.' };
const UNREACHABLE: Meaning = { code: 'unreachable', sentence: 'Discord could not be reached.', retry: 'later' };
const NOT_CONFIRMED: Meaning = {
  code: 'unreachable',
  sentence: 'Discord had a fault and did not say whether it was done.',
  retry: 'later',
  uncertain: true,
};
const REFUSED: Meaning = { code: 'refused', sentence: 'Discord refused this.' };

/** Discord's error codes (docs.discord.com, "Opcodes and Status Codes"), as far as they mean something of their own. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  10003: CHANNEL_GONE,
  10004: {
    ...FORBIDDEN,
    sentence: 'The bot is not in the Discord server.',
    retry: 'later',
    retryAfterMs: PERSON_NEEDED_MS,
  },
  10007: NO_SUCH_PERSON,
  10008: POST_GONE,
  10013: NO_SUCH_PERSON,
  10015: CHANNEL_GONE,
  10062: EXPIRED,
  30007: FULL,
  30013: FULL,
  30033: FULL,
  30046: {
    code: 'throttled',
    sentence: 'Discord lets old posts be changed a few times only.',
    retry: 'later',
    retryAfterMs: 60_000,
  },
  30058: FULL,
  30060: FULL,
  40005: TOO_LARGE,
  40060: EXPIRED,
  50001: CHANNEL_GONE,
  50005: POST_GONE,
  50007: { ...FORBIDDEN, sentence: 'This person takes no direct messages from the server.' },
  50013: {
    ...FORBIDDEN,
    sentence: 'The bot lacks a permission in the Discord server.',
    retry: 'later',
    retryAfterMs: PERSON_NEEDED_MS,
  },
  50027: EXPIRED,
  50035: { code: 'broken', sentence: 'We asked Discord for something it could not read. This is a fault of ours.' },
  160006: FULL,
};

/** Failures of the connection before anything of the request was sent; source: Node.js errors, undici's `Errors` page. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
  NotToAct.name,
]);

/** Discord's error code (10003), when it answered with one. */
export function discordCode(error: unknown): number | undefined {
  const source = error instanceof BridgeError ? error.cause : error;
  return source instanceof DiscordAPIError && typeof source.code === 'number' ? source.code : undefined;
}

/** Whether a refused form was refused because of this field (`parent_id`). */
export function isRefusedField(error: unknown, field: string): boolean {
  const source = error instanceof BridgeError ? error.cause : error;
  return source instanceof DiscordAPIError && source.code === 50_035 && source.message.includes(field);
}

/** The failure of a call, translated. `doing` names the call for the log. A BridgeError stays as it is. */
export function toBridgeError(error: unknown, doing: string): BridgeError {
  if (error instanceof BridgeError) return error;
  if (error instanceof RateLimitError) {
    const waitMs = Math.max(error.retryAfter, 1);
    return build(
      {
        code: 'throttled',
        sentence: 'Discord asks us to wait.',
        retry: 'later',
        retryAfterMs: Math.ceil(Math.min(waitMs, LONGEST_WAIT_MS)),
        ...(error.global ? { waitFor: 'workspace' as const } : {}),
      },
      `${doing}: rate limited (${error.scope})`,
      error,
    );
  }
  if (error instanceof DiscordAPIError) {
    if (error.status === 401 && error.code !== 50_027) return build(TOKEN_REFUSED, `${doing}: HTTP 401`, error);
    if (error.status === 413) return build(TOO_LARGE, `${doing}: HTTP 413`, error);
    const known = typeof error.code === 'number' ? MEANINGS[error.code] : undefined;
    return build(known ?? REFUSED, `${doing}: HTTP ${error.status}, code ${error.code}`, error);
  }
  if (error instanceof HTTPError) return build(NOT_CONFIRMED, `${doing}: HTTP ${error.status}`, error);
  const code = networkCode(error);
  return build(
    NEVER_SENT.has(code ?? '') ? UNREACHABLE : { ...UNREACHABLE, uncertain: true },
    `${doing}: no answer${code === undefined ? '' : ` (${code})`}`,
    error,
  );
}

/** A sign-in that Discord didn't finish; `status` is what its token endpoint answered. */
export function signInFailed(status: number, doing: string): BridgeError {
  const meaning: Meaning =
    status === 401
      ? {
          code: 'unauthorised',
          sentence: 'Discord doesn’t accept this program for sign-ins. Tell an admin: the client secret is wrong.',
        }
      : status >= 400 && status < 500 && status !== 429
        ? { code: 'refused', sentence: 'Discord did not take this sign-in any more. Open the link again.' }
        : {
            ...UNREACHABLE,
            sentence: 'Discord could not finish the sign-in just now. Open the link again in a minute.',
          };
  return build(meaning, `${doing}: HTTP ${status}`, undefined);
}

/** What came in the place of an answer can't be read. */
export function unreadable(doing: string): BridgeError {
  return build(NOT_CONFIRMED, `${doing}: the answer was unreadable`, undefined);
}

function networkCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return networkCode(error.cause) ?? error.name;
}

function build(meaning: Meaning, message: string, cause: unknown): BridgeError {
  return new BridgeError(meaning.code, message, {
    sentence: meaning.sentence,
    retry: meaning.retry ?? 'never',
    certain: meaning.uncertain !== true,
    ...(meaning.retryAfterMs === undefined ? {} : { retryAfterMs: meaning.retryAfterMs }),
    ...(meaning.waitFor === undefined ? {} : { waitFor: meaning.waitFor }),
    ...(cause === undefined ? {} : { cause }),
  });
}

export const TOKEN_PROBLEM: Problem = {
  what: 'Discord does not accept the bot token.',
  fix: 'At https://discord.com/developers/applications open the app, “Bot” → “Reset Token”, copy the new token and set it as DISCORD_BOT_TOKEN.',
};

export const INTENTS_PROBLEM: Problem = {
  what: 'Discord does not let the bot read messages and members: its privileged intents are switched off.',
  fix: 'At https://discord.com/developers/applications open the app, “Bot” → “Privileged Gateway Intents” → switch on “Server Members Intent” and “Message Content Intent”, then save. It is tried again by itself.',
};

/** The bot isn't in the server. */
export function absentProblem(applicationId: string | undefined, permissions: bigint): Problem {
  const link = `https://discord.com/oauth2/authorize?client_id=${applicationId ?? '<the app’s id>'}&scope=bot+applications.commands&permissions=${permissions}`;
  return {
    what: 'The bot is not in the Discord server: it was never invited, or it was removed.',
    fix: `Open ${link} and choose the server whose id is set as DISCORD_GUILD_ID.`,
  };
}

/** What ended a connection for good, as something an admin can mend; undefined when it just broke. */
export function problemOfClose(code: number | undefined): Problem | undefined {
  switch (code) {
    case 4004:
      return TOKEN_PROBLEM;
    case 4013:
    case 4014:
      return INTENTS_PROBLEM;
    default:
      return undefined;
  }
}
