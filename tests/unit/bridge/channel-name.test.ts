// Channel names that both platforms take.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelName, withSuffix } from '../../../src/bridge/channel-name.ts';

describe('a channel is called after its chat', () => {
  test.each<[string, string]>([
    ['Ana Lee', 'wa-ana-lee'],
    ['  ACME – Sales (2024)! ', 'wa-acme-sales-2024'],
    ["Ana's café", 'wa-anas-café'],
    ['+49 170 1234567', 'wa-49-170-1234567'],
    ['Ольга', 'wa-ольга'],
    ['नमस्ते', 'wa-नमस्ते'],
    ['東京 支店', 'wa-東京-支店'],
    ['🔥 Hot 🔥 deals', 'wa-hot-deals'],
    ['𝓐𝓷𝓪 Ｂｏ', 'wa-ana-bo'],
    ['a__b - c_', 'wa-a__b-c'],
    ['Ana\u202Eeel\u200B', 'wa-anaeel'],
    [`Z${'\u0335'.repeat(40)}o`, 'wa-z\u0335\u0335o'],
    ['\u0301x', 'wa-x'],
    ['<!channel> @everyone', 'wa-channel-everyone'],
    ['İstanbul', 'wa-i̇stanbul'],
    ['', 'wa-chat'],
    ['👍👍🏽', 'wa-chat'],
    ['___', 'wa-chat'],
    ['\uD800', 'wa-chat'],
  ])('%j', (name, channel) => {
    expect(channelName({ name, kind: 'direct' }, 80)).toBe(channel);
  });

  test('a group without a usable name', () => {
    expect(channelName({ name: '🔥', kind: 'group' }, 80)).toBe('wa-group');
  });

  test('is cut without a dash at the end', () => {
    expect(channelName({ name: 'abc def', kind: 'direct' }, 7)).toBe('wa-abc');
  });

  test('a suffix finds room', () => {
    expect(withSuffix('wa-ana', '2', 80)).toBe('wa-ana-2');
    expect(withSuffix('wa-ana-lee', 'k7', 10)).toBe('wa-ana-k7');
  });

  test('any name comes out within the rules', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.nat(0xffff), { maxLength: 300 }).map((units) => String.fromCharCode(...units)),
    );
    fc.assert(
      fc.property(anything, fc.integer({ min: 20, max: 100 }), (name, maxLength) => {
        for (const channel of [
          channelName({ name, kind: 'group' }, maxLength),
          withSuffix(channelName({ name, kind: 'group' }, maxLength), 'a1', maxLength),
        ]) {
          expect(channel).toMatch(/^wa-[\p{L}\p{M}\p{N}_\-]*[\p{L}\p{N}\p{M}]$/v);
          expect(channel).toBe(channel.toLowerCase());
          expect(channel.length).toBeLessThanOrEqual(maxLength);
          expect(channel).not.toMatch(/--/v);
        }
      }),
    );
  });

  test.each(['-_', '\u0301', '\uD800', ' ', 'a-'])('work grows with the length only: %j', (unit) => {
    const before = process.threadCpuUsage();
    channelName({ name: unit.repeat(100_000), kind: 'direct' }, 80);
    expect(process.threadCpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
