// What arrives is stored before it is acknowledged, told in order, and told again until it is recorded.
import { expect } from 'vitest';
import type { Promises } from '../messenger.ts';
import { ACME } from './play.ts';
import { everySoOften, eventually, textOf } from './told.ts';

export function tellingPromises(promise: Promises): void {
  promise('tells a text with its sender under one canonical address, the other as alias', async (play) => {
    await play.linked();
    const id = await play.ana.say('us', 'good morning');
    const event = await play.told.message('good morning');
    expect(event.account).toBe(ACME);
    expect(event.key.id).toBe(id);
    expect(event.chat.kind).toBe('direct');
    expect(event.chat.address).toBe(play.world.addressOf(play.ana));
    expect(event.chat.alias).toBeTruthy();
    const { author } = event.key;
    expect(author).toMatchObject({ kind: 'person', person: { name: 'Ana', phone: play.ana.phone } });
    expect(event.at.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  promise('tells what a chat says in its order', async (play) => {
    await play.linked();
    const texts = Array.from({ length: 20 }, (_, index) => `number ${index}`);
    for (const text of texts) await play.ana.say('us', text);
    await play.told.message('number 19');
    expect(play.told.all('message').map(textOf)).toEqual(texts);
  });

  promise('tells an event again, in its place, when recording it failed', async (play) => {
    await play.linked();
    let refusals = 0;
    play.told.judge = async (event) => {
      if (event.kind === 'message' && textOf(event) === 'one' && refusals < 2) {
        refusals += 1;
        throw new Error('the database is away');
      }
    };
    await play.ana.say('us', 'one');
    await play.ana.say('us', 'two');
    await play.told.message('two');
    expect(refusals).toBe(2);
    expect(play.told.all('message').map(textOf)).toEqual(['one', 'two']);
  });

  promise('a chat whose event fails does not hold up another chat', async (play) => {
    await play.linked();
    const ben = play.world.customer('Ben');
    let isBroken = true;
    play.told.judge = async (event) => {
      if (isBroken && event.kind === 'message' && textOf(event) === 'stuck') throw new Error('not this one');
    };
    await play.ana.say('us', 'stuck');
    await ben.say('us', 'free');
    await play.told.message('free');
    isBroken = false;
    await play.told.message('stuck');
  });

  promise('tells an event that fails for ever as unsupported, and goes on', async (play) => {
    await play.linked();
    play.told.judge = async (event) => {
      if (event.kind === 'message' && event.content.kind === 'text' && textOf(event) === 'poison') {
        throw new Error('this can never be recorded');
      }
    };
    const id = await play.ana.say('us', 'poison');
    await play.ana.say('us', 'after it');
    await play.told.first('message', ({ content, key }) => key.id === id && content.kind === 'unsupported');
    await play.told.message('after it');
  });

  promise('does not tell again after a restart what was recorded', async (play) => {
    await play.linked();
    await play.ana.say('us', 'before');
    await play.told.message('before');
    await play.messenger.stop();
    await play.startAgain();
    await play.messenger.open(ACME);
    await play.ana.say('us', 'after');
    await play.told.message('after');
    expect(play.told.all('message').map(textOf)).toEqual(['after']);
  });

  promise('tells again after a restart what was not recorded', async (play) => {
    await play.linked();
    const reached = Promise.withResolvers<void>();
    const crash = Promise.withResolvers<void>();
    play.told.judge = async (event) => {
      if (event.kind !== 'message') return;
      reached.resolve();
      await crash.promise;
      throw new Error('the program was killed here');
    };
    await play.ana.say('us', 'in flight');
    await reached.promise;
    const stopped = play.messenger.stop();
    crash.resolve();
    await stopped;
    await play.startAgain();
    await play.messenger.open(ACME);
    await play.told.message('in flight');
    expect(play.told.all('message')).toHaveLength(1);
  });

  promise('catches up, in order, on what came while it was away', async (play) => {
    await play.linked();
    await play.messenger.stop();
    const texts = Array.from({ length: 12 }, (_, index) => `missed ${index}`);
    for (const text of texts) await play.ana.say('us', text);
    await play.startAgain();
    await play.messenger.open(ACME);
    await play.told.message('missed 11');
    expect(play.told.all('message').map(textOf)).toEqual(texts);
  });

  promise('acknowledges nothing before it is stored', async (play) => {
    await play.linked();
    const storing = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    play.world.sessions.beforeSet = async ({ arrivals }) => {
      if (!arrivals.some(({ kind }) => kind === 'message')) return;
      started.resolve();
      await storing.promise;
    };
    const id = await play.ana.say('us', 'hold on');
    await started.promise;
    // Answers come back on the same stream: an acknowledgement would have been there before them.
    for (let question = 0; question < 5; question += 1) await play.messenger.findChat(ACME, play.ana.phone);
    expect(play.world.isAcknowledged(play.us, id)).toBe(false);
    storing.resolve();
    await play.told.message('hold on');
    await eventually(() => play.world.isAcknowledged(play.us, id) || undefined, 'the acknowledgement', everySoOften);
  });

  promise('acknowledges nothing that could not be stored, and gets it again', async (play) => {
    await play.linked();
    let failures = 0;
    play.world.sessions.beforeSet = async ({ arrivals }) => {
      if (failures < 3 && arrivals.some(({ kind }) => kind === 'message')) {
        failures += 1;
        throw new Error('the disk is full');
      }
    };
    const id = await play.ana.say('us', 'once more');
    await play.told.message('once more');
    expect(failures).toBe(3);
    await eventually(() => play.world.isAcknowledged(play.us, id) || undefined, 'the acknowledgement', everySoOften);
    expect(play.told.all('message').map(textOf)).toEqual(['once more']);
    expect(play.told.all('message')[0]?.content.kind).toBe('text');
  });
}
