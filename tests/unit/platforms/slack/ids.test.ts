// Slack's ids and times, taken apart and put together.
import { expect, test } from 'vitest';
import { channelId, dateOf, postId, postParts, tsOf } from '../../../../src/platforms/slack/ids.ts';

test('a post is its channel and its ts', () => {
  expect(postParts(postId('C1', '1700000000.000100'))).toEqual({ channel: 'C1', ts: '1700000000.000100' });
  expect(channelId('C1')).toBe('C1');
});

test.for([
  ['1700000000.000100', '2023-11-14T22:13:20.000Z'],
  ['1700000000.123456', '2023-11-14T22:13:20.123Z'],
  ['1700000000.999999', '2023-11-14T22:13:20.999Z'],
])('ts %s is %s', ([ts = '', at]) => {
  expect(dateOf(ts).toISOString()).toBe(at);
});

test.for([
  ['2023-11-14T22:13:20.000Z', '1700000000.000000'],
  ['2023-11-14T22:13:20.007Z', '1700000000.007000'],
  ['1960-01-01T00:00:00.000Z', '0.000000'],
])('%s is ts %s', ([at = '', ts]) => {
  expect(tsOf(new Date(at))).toBe(ts);
});
