// Slack's failures → BridgeError, once: who said no, who didn't answer, and what a person can do about it.
import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';
import { BridgeError } from '../../domain/errors.ts';
import type { BridgeErrorCode } from '../../domain/errors.ts';
import type { Problem } from '../../domain/events.ts';
import { NotToAct } from '../not-to-act.ts';
import { UNREADABLE_WAIT_SECONDS } from '../retry-after.ts';

/** How long to wait with a token that isn't accepted, or a scope that's missing: a person has to act first. */
const PERSON_NEEDED_MS = 60_000;

interface Meaning {
  readonly code: BridgeErrorCode;
  readonly sentence: string;
  readonly retry?: 'later';
  readonly retryAfterMs?: number;
  readonly waitFor?: 'workspace';
  /** Slack may have done it all the same. */
  readonly uncertain?: true;
}

const TOKEN_REFUSED: Meaning = {
  code: 'unauthorised',
  sentence: 'Slack does not accept our token any more.',
  retry: 'later',
  retryAfterMs: PERSON_NEEDED_MS,
  waitFor: 'workspace',
};
const CHANNEL_GONE: Meaning = {
  code: 'channel_gone',
  sentence: 'The channel is gone, archived, or the bot was taken out of it.',
};
const POST_GONE: Meaning = { code: 'post_gone', sentence: 'The post is not there any more.' };
const FORBIDDEN: Meaning = { code: 'not_allowed', sentence: "The Slack workspace's settings do not allow this." };
const TOO_LARGE: Meaning = { code: 'too_large', sentence: 'This is longer than Slack takes.' };
const NO_SUCH_PERSON: Meaning = { code: 'refused', sentence: 'Slack knows no such person, or they left.' };
const NOT_CONFIRMED: Meaning = {
  code: 'unreachable',
  sentence: 'Slack had a fault and did not say whether it was done.',
  retry: 'later',
  uncertain: true,
};
const THROTTLED: Meaning = {
  code: 'throttled',
  sentence: 'Slack asks us to wait.',
  retry: 'later',
  retryAfterMs: UNREADABLE_WAIT_SECONDS * 1000,
};
const EXPIRED: Meaning = { code: 'refused', sentence: 'That took too long for Slack. Please try again.' };

/** Slack's error strings (docs.slack.dev, the error table of each method), as far as they mean something of their own. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  not_authed: TOKEN_REFUSED,
  invalid_auth: TOKEN_REFUSED,
  account_inactive: TOKEN_REFUSED,
  token_revoked: TOKEN_REFUSED,
  token_expired: TOKEN_REFUSED,
  user_removed_from_team: TOKEN_REFUSED,
  team_access_not_granted: TOKEN_REFUSED,
  not_allowed_token_type: TOKEN_REFUSED,
  missing_scope: {
    ...FORBIDDEN,
    sentence: 'The Slack app lacks a permission.',
    retry: 'later',
    retryAfterMs: PERSON_NEEDED_MS,
  },
  channel_not_found: CHANNEL_GONE,
  not_in_channel: CHANNEL_GONE,
  is_archived: CHANNEL_GONE,
  message_not_found: POST_GONE,
  thread_not_found: POST_GONE,
  cant_update_message: POST_GONE,
  cant_delete_message: POST_GONE,
  restricted_action: FORBIDDEN,
  restricted_action_read_only_channel: FORBIDDEN,
  restricted_action_thread_locked: FORBIDDEN,
  restricted_action_non_threadable_channel: FORBIDDEN,
  user_is_restricted: FORBIDDEN,
  not_authorized: FORBIDDEN,
  no_permission: FORBIDDEN,
  ekm_access_denied: FORBIDDEN,
  msg_too_long: TOO_LARGE,
  msg_blocks_too_long: TOO_LARGE,
  too_long: TOO_LARGE,
  metadata_too_large: TOO_LARGE,
  file_upload_size_restricted: { ...TOO_LARGE, sentence: 'The file is larger than this Slack workspace takes.' },
  storage_limit_reached: { ...FORBIDDEN, sentence: 'The Slack workspace has no room for files left.' },
  user_not_found: NO_SUCH_PERSON,
  users_not_found: NO_SUCH_PERSON,
  user_disabled: NO_SUCH_PERSON,
  ratelimited: THROTTLED,
  rate_limited: THROTTLED,
  message_limit_exceeded: THROTTLED,
  internal_error: NOT_CONFIRMED,
  fatal_error: NOT_CONFIRMED,
  service_unavailable: NOT_CONFIRMED,
  request_timeout: NOT_CONFIRMED,
  expired_trigger_id: EXPIRED,
  trigger_expired: EXPIRED,
  exchanged_trigger_id: EXPIRED,
  trigger_exchanged: EXPIRED,
  invalid_blocks: {
    code: 'broken',
    sentence: 'We asked Slack for something it could not read. This is a fault of ours.',
  },
  invalid_arguments: {
    code: 'broken',
    sentence: 'We asked Slack for something it could not read. This is a fault of ours.',
  },
};

const REFUSED: Meaning = { code: 'refused', sentence: 'Slack refused this.' };

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

/** Slack's error string (`channel_not_found`), when it answered with one. */
export function slackCode(error: unknown): string | undefined {
  const source = error instanceof BridgeError ? error.cause : error;
  return source instanceof WebAPIPlatformError ? source.data.error : undefined;
}

/** The failure of a Web API call, translated. `doing` names the call for the log. A BridgeError stays as it is. */
export function toBridgeError(error: unknown, doing: string): BridgeError {
  if (error instanceof BridgeError) return error;
  if (error instanceof WebAPIRateLimitedError) {
    return build({ ...THROTTLED, retryAfterMs: error.retryAfter * 1000 }, `${doing}: rate limited`, error);
  }
  if (error instanceof WebAPIPlatformError) {
    const code = error.data.error;
    // An answer that isn't JSON comes as its own text: a proxy's page, or half an answer.
    if (!/^[a-z0-9_]{1,80}$/.test(code)) return build(NOT_CONFIRMED, `${doing}: the answer was unreadable`, undefined);
    return build(MEANINGS[code] ?? REFUSED, `${doing}: ${code}`, error);
  }
  if (error instanceof WebAPIHTTPError) {
    const isOurs = error.statusCode < 500;
    const meaning: Meaning = { code: 'unreachable', sentence: 'Slack could not be reached.', retry: 'later' };
    return build(isOurs ? meaning : NOT_CONFIRMED, `${doing}: HTTP ${error.statusCode}`, undefined);
  }
  if (error instanceof WebAPIRequestError) return unanswered(error.original, doing);
  return unanswered(error, doing);
}

/** A request that failed on the wire. */
function unanswered(error: unknown, doing: string): BridgeError {
  const code = networkCode(error);
  const meaning: Meaning = { code: 'unreachable', sentence: 'Slack could not be reached.', retry: 'later' };
  return build(
    NEVER_SENT.has(code ?? '') ? meaning : { ...meaning, uncertain: true },
    `${doing}: no answer${code === undefined ? '' : ` (${code})`}`,
    error,
  );
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

/** A refusal as something an admin can mend; `setting` is the token's name in the settings. */
export function problemOf(error: BridgeError, setting: 'SLACK_BOT_TOKEN' | 'SLACK_APP_TOKEN'): Problem {
  const code = slackCode(error);
  const isBot = setting === 'SLACK_BOT_TOKEN';
  const copied = isBot
    ? 'Copy the Bot User OAuth Token (xoxb-…) from the app’s page “OAuth & Permissions”'
    : 'Make an app-level token (xapp-…) with the scope connections:write on the app’s page “Basic Information”';
  switch (code) {
    case 'account_inactive':
    case 'token_revoked':
    case 'user_removed_from_team':
      return {
        what: `Slack says that the app was removed from the workspace, or its token revoked (${code}).`,
        fix: `Install the app again on its page “Install App” at https://api.slack.com/apps. ${copied} and set it as ${setting}.`,
      };
    case 'missing_scope':
      return {
        what: 'The app-level token lacks the scope connections:write.',
        fix: `${copied} and set it as ${setting}.`,
      };
    case 'token_expired':
      return {
        what: 'Slack says that the token has expired.',
        fix: `Switch token rotation off for the app, or install it again. ${copied} and set it as ${setting}.`,
      };
    default:
      return {
        what: `Slack does not accept the ${isBot ? 'bot' : 'app-level'} token (${code ?? error.code}).`,
        fix: `${copied} and set it as ${setting}.`,
      };
  }
}
