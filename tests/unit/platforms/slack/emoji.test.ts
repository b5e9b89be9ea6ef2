// Slack's emoji names, both ways.
import { describe, expect, test } from 'vitest';
import { nameOf, unicodeOf } from '../../../../src/platforms/slack/emoji.ts';

describe('names', () => {
  test.each<[string, string | undefined]>([
    ['+1', '👍'],
    ['thumbsup', '👍'],
    ['+1::skin-tone-3', '👍🏼'],
    ['thumbsup::skin-tone-6', '👍🏿'],
    ['heart', '❤️'],
    ['heart::skin-tone-2', '❤️'],
    ['man-shrugging', '🤷‍♂️'],
    ['man-shrugging::skin-tone-2', '🤷🏻‍♂️'],
    ['melting_face', '🫠'],
    ['flag-de', '🇩🇪'],
    ['handshake::skin-tone-2-6', '🫱🏻‍🫲🏿'],
    ['our-logo', undefined],
    ['constructor', undefined],
    ['', undefined],
  ])('%s', (name, unicode) => {
    expect(unicodeOf(name)).toBe(unicode);
  });
});

describe('emoji', () => {
  test.each<[string, string | undefined]>([
    ['👍', '+1'],
    ['👍🏼', '+1::skin-tone-3'],
    ['❤️', 'heart'],
    ['❤', 'heart'],
    ['👍️', '+1'],
    ['🤷‍♂', 'man-shrugging'],
    ['1️⃣', 'one'],
    ['1⃣', 'one'],
    ['🎫', 'ticket'],
    ['👀', 'eyes'],
    ['✅', 'white_check_mark'],
    ['🔁', 'repeat'],
    ['x', undefined],
    ['', undefined],
  ])('%s', (unicode, name) => {
    expect(nameOf(unicode)).toBe(name);
  });

  test('the name of an emoji with a name leads back to it', () => {
    for (const unicode of ['👍🏽', '❤️', '🇺🇦', '👩‍🚀', '🏳️‍🌈', '👨‍👩‍👧‍👦', '☺️', '🧑🏻‍🤝‍🧑🏿']) {
      expect(unicodeOf(nameOf(unicode) ?? '')).toBe(unicode);
    }
  });
});
