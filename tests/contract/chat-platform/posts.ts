// Posts: shown as meant, once, literally; found again when the answer was lost; changed and removed without harm when repeated.
import { expect } from 'vitest';
import { BridgeError } from '../../../src/domain/errors.ts';
import { plain } from '../../../src/domain/text.ts';
import type { Promises } from '../chat-platform.ts';
import { firstTry, nextTry, postOf } from './play.ts';

/** What would ping, link or format if it were read as the platform's own syntax. */
const INJECTIONS = [
  '@channel @here @everyone',
  '<!channel> <!here> <!everyone|all> <!subteam^S1> <@U1> <@USLACKBOT> <#C1|x>',
  '<https://evil.example|bank.example> [bank](https://evil.example) [x](javascript:alert)',
  '<@&1> <@!1> ||spoiler|| <:a:1> <t:1:R> </wa:1>',
  '&lt;!channel&gt; &amp;lt;!here&amp;gt; ``` *_~ >>> # heading\n- item\n> quote',
  '\u202e<!channel>\u200b\u0000@everyone',
] as const;

export function postPromises(promise: Promises): void {
  promise('posts once, with author, marks, quote, text, lines and buttons', async ({ stage, channel, post }) => {
    const { channel: wa } = await channel('wa-bob');
    const id = await post(wa, {
      author: { name: 'Bob Stone', seed: 'bob' },
      marks: ['forwarded'],
      quote: { author: 'Ana', text: 'the question' },
      text: plain('the answer'),
      lines: ['sent from the phone'],
      buttons: [{ action: 'resend:1', label: 'Resend', tone: 'primary' }],
      summary: 'Bob Stone: the answer',
    });
    const seen = stage.seen(wa);
    expect(seen).toMatchObject([{ post: id, author: 'Bob Stone', buttons: ['Resend'] }]);
    const { words = '' } = seen[0] ?? {};
    const places = ['forwarded', 'Ana', 'the question', 'the answer', 'sent from the phone'].map((part) =>
      words.indexOf(part),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
  });

  promise('posts under a post', async ({ stage, channel, post }) => {
    const { channel: wa } = await channel('wa-bob');
    const root = await post(wa, {});
    const reply = await post(wa, { text: plain('below') }, root);
    expect(stage.seen(wa).find((seen) => seen.post === reply)).toMatchObject({ thread: root });
  });

  promise('finds a post whose answer was lost, and there is only one', async ({ stage, channel, platform }) => {
    const { channel: wa } = await channel('wa-bob');
    const attempt = firstTry();
    stage.loseAnswer('post');
    const failure = await platform
      .post({ channel: wa }, postOf({ words: 'once' }), attempt)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BridgeError);
    expect(failure).toMatchObject({ code: 'unreachable', certain: false, retry: 'later' });
    const found = await platform.lookUp({ channel: wa }, nextTry(attempt));
    expect(stage.seen(wa).map((seen) => seen.post)).toEqual([found]);
  });

  promise('finds a reply whose answer was lost', async ({ stage, channel, platform, post }) => {
    const { channel: wa } = await channel('wa-bob');
    const thread = await post(wa, {});
    const attempt = firstTry();
    stage.loseAnswer('post');
    await expect(platform.post({ channel: wa, thread }, postOf({ words: 'once' }), attempt)).rejects.toThrow(
      BridgeError,
    );
    const found = await platform.lookUp({ channel: wa, thread }, nextTry(attempt));
    expect(stage.seen(wa).map((seen) => seen.post)).toEqual([thread, found]);
  });

  promise('says that a post never arrived, and then posts it', async ({ stage, channel, platform, post }) => {
    const { channel: wa } = await channel('wa-bob');
    await post(wa, { text: plain('another one') });
    const attempt = firstTry();
    stage.loseCall('post');
    const failure = await platform
      .post({ channel: wa }, postOf({ words: 'once' }), attempt)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unreachable', retry: 'later' });
    expect(await platform.lookUp({ channel: wa }, nextTry(attempt))).toBeUndefined();
    const id = await platform.post({ channel: wa }, postOf({ words: 'once' }), nextTry(attempt));
    expect(
      stage
        .seen(wa)
        .filter((seen) => seen.words.includes('once'))
        .map((seen) => seen.post),
    ).toEqual([id]);
    expect(await platform.lookUp({ channel: wa }, nextTry(attempt))).toBe(id);
  });

  promise('replaces what a post shows, as often as asked', async ({ stage, channel, platform, post }) => {
    const { channel: wa } = await channel('wa-bob');
    const id = await post(wa, { author: { name: 'Bob', seed: 'bob' }, text: plain('before'), lines: ['waiting'] });
    const after = postOf({ author: { name: 'Bob', seed: 'bob' }, words: 'after', lines: ['✓ sent'] });
    await platform.edit(id, after);
    await platform.edit(id, after);
    const [seen] = stage.seen(wa);
    expect(seen).toMatchObject({ post: id, author: 'Bob' });
    expect(seen?.words).toContain('after');
    expect(seen?.words).toContain('✓ sent');
    expect(seen?.words).not.toContain('before');
    expect(seen?.words).not.toContain('waiting');
  });

  promise('removes a post, and minds nothing when it is gone already', async ({ stage, channel, platform, post }) => {
    const { channel: wa } = await channel('wa-bob');
    const id = await post(wa, {});
    await platform.remove(id);
    await platform.remove(id);
    expect(stage.seen(wa)).toEqual([]);
    await expect(platform.edit(id, postOf({}))).rejects.toMatchObject({ code: 'post_gone', retry: 'never' });
  });

  promise('reacts as often as asked, and says when it can not', async ({ stage, channel, platform, post }) => {
    const { channel: wa } = await channel('wa-bob');
    const id = await post(wa, {});
    expect(await platform.react(id, '❤️', true)).toBe(true);
    expect(await platform.react(id, '❤️', true)).toBe(true);
    expect(stage.seen(wa)[0]?.reactions).toEqual(['❤️']);
    expect(await platform.react(id, '❤️', false)).toBe(true);
    expect(await platform.react(id, '❤️', false)).toBe(true);
    expect(stage.seen(wa)[0]?.reactions).toEqual([]);
    expect(await platform.react(id, 'not an emoji', true)).toBe(false);
  });

  promise(
    'shows everything literally: nothing pings, links or is fetched',
    async ({ stage, channel, platform, post }) => {
      const ana = await stage.person('Ana');
      const { channel: wa } = await channel('wa-bob', ana);
      for (const evil of INJECTIONS) {
        const id = await post(wa, {
          author: { name: evil, seed: 'evil' },
          marks: [evil],
          quote: { author: evil, text: evil },
          text: plain(evil),
          lines: [evil],
          buttons: [{ action: 'a', label: evil, tone: 'normal' }],
          summary: evil,
        });
        await platform.edit(id, postOf({ words: evil, lines: [evil] }));
        await post(
          wa,
          {
            text: [
              { kind: 'code', text: evil },
              { kind: 'quote', inlines: [{ kind: 'mention', name: evil }] },
            ],
            summary: evil,
          },
          id,
        );
        await platform.updateChannel(wa, { topic: evil });
        await platform.tell(ana.user, { channel: wa }, postOf({ words: evil, lines: [evil] }));
      }
      for (const seen of stage.seen(wa)) expect(seen).toMatchObject({ pings: [], links: [], previews: [] });
      expect(stage.seen(wa)[1]?.words).toContain(INJECTIONS[0]);
    },
  );

  promise('links what is meant as a link, without a preview', async ({ stage, channel, post }) => {
    const { channel: wa } = await channel('wa-bob');
    const url = 'https://acme.example/a?b=1&c=2';
    await post(wa, { text: [{ kind: 'paragraph', inlines: [{ kind: 'link', url }] }], summary: 'a link' });
    expect(stage.seen(wa)).toMatchObject([{ pings: [], previews: [] }]);
    expect(stage.seen(wa)[0]?.words).toContain(url);
  });

  promise('tells one person something that nobody else sees', async ({ stage, channel, platform, post }) => {
    const [ana, ben] = [await stage.person('Ana'), await stage.person('Ben')];
    const { channel: wa } = await channel('wa-bob', ana, ben);
    const root = await post(wa, {});
    await platform.tell(ana.user, { channel: wa, thread: root }, postOf({ words: 'you may not reply here' }));
    const told = (human: typeof ana): boolean =>
      stage.toldPrivately(human).some((words) => words.includes('you may not'));
    expect(told(ana)).toBe(true);
    expect(told(ben)).toBe(false);
  });

  promise('tells somebody outside the channel directly', async ({ stage, channel, platform }) => {
    const eve = await stage.person('Eve');
    const { channel: wa } = await channel('wa-bob');
    await platform.tell(eve.user, { channel: wa }, postOf({ words: 'ask for access' }));
    await platform.tell(eve.user, undefined, postOf({ words: 'welcome' }));
    const told = stage.toldPrivately(eve);
    expect(told).toHaveLength(2);
    expect(told[0]).toContain('ask for access');
    expect(told[1]).toContain('welcome');
    expect(stage.seen(wa)).toEqual([]);
  });
}
