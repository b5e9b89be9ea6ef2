// Slack's failures as BridgeErrors: what may be tried again, and what may have been done.
import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';
import { expect, test } from 'vitest';
import { retryAfterSeconds } from '../../../../src/platforms/retry-after.ts';
import { problemOf, slackCode, toBridgeError } from '../../../../src/platforms/slack/errors.ts';

const said = (error: string) => new WebAPIPlatformError({ ok: false, error });
const network = (code: string) => new WebAPIRequestError(Object.assign(new Error('connect'), { code }));
const http = (status: number) => new WebAPIHTTPError(status, 'status', {}, '<html>');

test.for([
  [said('channel_not_found'), { code: 'channel_gone', retry: 'never', certain: true }],
  [said('is_archived'), { code: 'channel_gone', retry: 'never', certain: true }],
  [said('message_not_found'), { code: 'post_gone', retry: 'never', certain: true }],
  [said('invalid_auth'), { code: 'unauthorised', retry: 'later', certain: true, waitFor: 'workspace' }],
  [said('account_inactive'), { code: 'unauthorised', retry: 'later', certain: true, waitFor: 'workspace' }],
  [said('missing_scope'), { code: 'not_allowed', retry: 'later', certain: true }],
  [said('restricted_action'), { code: 'not_allowed', retry: 'never', certain: true }],
  [said('msg_blocks_too_long'), { code: 'too_large', retry: 'never', certain: true }],
  [said('invalid_blocks'), { code: 'broken', retry: 'never', certain: true }],
  [said('fatal_error'), { code: 'unreachable', retry: 'later', certain: false }],
  [said('ratelimited'), { code: 'throttled', retry: 'later', certain: true, waitFor: 'lane' }],
  [said('something_new'), { code: 'refused', retry: 'never', certain: true }],
  [said('<html>502 Bad Gateway</html>'), { code: 'unreachable', retry: 'later', certain: false }],
  [said('{"ok":true,"ts":"17'), { code: 'unreachable', retry: 'later', certain: false }],
  [new WebAPIRateLimitedError(30), { code: 'throttled', retry: 'later', certain: true, retryAfterMs: 30_000 }],
  [http(503), { code: 'unreachable', retry: 'later', certain: false }],
  [http(404), { code: 'unreachable', retry: 'later', certain: true }],
  [network('ECONNREFUSED'), { code: 'unreachable', retry: 'later', certain: true }],
  [network('ENOTFOUND'), { code: 'unreachable', retry: 'later', certain: true }],
  [network('ECONNRESET'), { code: 'unreachable', retry: 'later', certain: false }],
  [network('UND_ERR_SOCKET'), { code: 'unreachable', retry: 'later', certain: false }],
  [new Error('anything else'), { code: 'unreachable', retry: 'later', certain: false }],
] as const)('%s is translated', ([error, meaning]) => {
  expect(toBridgeError(error, 'chat.postMessage')).toMatchObject(meaning);
});

test('a page in place of an answer stays out of the message', () => {
  expect(toBridgeError(said('<html>secret words</html>'), 'chat.postMessage').message).not.toContain('secret');
});

test('a translated failure keeps Slack’s own word for it', () => {
  expect(slackCode(toBridgeError(said('name_taken'), 'conversations.create'))).toBe('name_taken');
  expect(slackCode(new Error('no'))).toBeUndefined();
});

test('a failure that is translated already stays as it is', () => {
  const first = toBridgeError(said('name_taken'), 'conversations.create');
  expect(toBridgeError(first, 'again')).toBe(first);
});

test.for([
  ['30', 30],
  ['0', 1],
  ['-5', 1],
  ['1.2', 2],
  [undefined, 10],
  ['', 10],
  ['soon', 10],
  ['NaN', 10],
  ['Infinity', 10],
  ['9'.repeat(400), 3_600],
  ['86400', 3_600],
  ['Tue, 14 Nov 2023 22:13:50 GMT', 30],
  ['Tue, 14 Nov 2023 22:00:00 GMT', 1],
] as const)('Retry-After %s asks for %i seconds', ([header, seconds]) => {
  expect(retryAfterSeconds(header, new Date('2023-11-14T22:13:20Z'))).toBe(seconds);
});

test.for(['invalid_auth', 'account_inactive', 'token_expired', 'missing_scope'])('%s comes with its mend', (code) => {
  for (const setting of ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN'] as const) {
    expect(problemOf(toBridgeError(said(code), 'auth.test'), setting).fix).toContain(setting);
  }
});
