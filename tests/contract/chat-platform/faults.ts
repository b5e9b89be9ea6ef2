// When the platform fails, throttles or refuses: nobody else waits, people are told, and it goes on by itself.
import { expect } from 'vitest';
import { BridgeError } from '../../../src/domain/errors.ts';
import type { Promises } from '../chat-platform.ts';
import { until } from './stage.ts';

export function faultPromises(promise: Promises): void {
  promise('says that it is connected, and to what', async ({ states }) => {
    expect(states.at(-1)).toMatchObject({ state: 'connected', identity: { name: expect.any(String) } });
  });

  promise('lets one throttled channel delay no other', async ({ stage, channel, post }) => {
    const [busy, calm] = [await channel('wa-busy'), await channel('wa-calm')];
    stage.throttle(busy.channel);
    const outcome = await Promise.all([
      post(busy.channel, {}).catch((error: unknown) => error),
      post(calm.channel, {}),
      post(calm.channel, {}),
    ]);
    expect(outcome[0]).toBeInstanceOf(BridgeError);
    expect(outcome[0]).toMatchObject({ code: 'throttled', retry: 'later', certain: true, waitFor: 'lane' });
    expect((outcome[0] as BridgeError).retryAfterMs).toBeGreaterThan(0);
    expect(stage.seen(busy.channel)).toEqual([]);
    expect(new Set(stage.seen(calm.channel).map((seen) => seen.post))).toEqual(new Set(outcome.slice(1)));
  });

  promise('comes back after the connection broke, and says that something may have been missed', async (play) => {
    const { stage, states, channel, told } = play;
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    stage.cut();
    await until(() => states.at(-1)?.state === 'reconnecting', 'the break to be told');
    stage.mend();
    await until(() => states.at(-1)?.state === 'connected', 'the connection to be back');
    expect(states.at(-1)?.back).toBe(true);
    const said = await stage.say(ana, wa, 'hello again');
    await told('said', (event) => event.post === said);
  });

  promise('says that it is refused and what to do, and goes on when it is accepted again', async (play) => {
    const { stage, states, channel, post } = play;
    const { channel: wa } = await channel('wa-bob');
    stage.refuseToken();
    await expect(post(wa, {})).rejects.toMatchObject({ code: 'unauthorised', retry: 'later', waitFor: 'workspace' });
    const refused = await until(() => states.find((one) => one.state === 'refused'), 'the refusal to be told');
    expect(refused.problem?.what).not.toBe('');
    expect(refused.problem?.fix).not.toBe('');
    stage.acceptToken();
    await until(() => states.at(-1)?.state === 'connected', 'the token to be tried again');
    await post(wa, {});
  });

  promise('starts although it is refused', async (play) => {
    play.stage.refuseToken();
    await play.restart();
    expect(play.states.at(-1)).toMatchObject({ state: 'refused', problem: { fix: expect.any(String) } });
    play.stage.acceptToken();
    await until(() => play.states.at(-1)?.state === 'connected', 'the connection');
  });

  promise('stops while it is cut off', async ({ stage, stop, states }) => {
    stage.cut();
    await until(() => states.at(-1)?.state === 'reconnecting', 'the break to be told');
    await stop();
    stage.mend();
    expect(states.at(-1)?.state).toBe('reconnecting');
  });

  promise(
    'finds nothing to mend in a good workspace, and names what is missing in a bad one',
    async ({ stage, platform }) => {
      expect(await platform.setup()).toEqual([]);
      stage.refuseToken();
      const problems = await platform.setup();
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.every((problem) => problem.fix !== '')).toBe(true);
      stage.acceptToken();
    },
  );
}
