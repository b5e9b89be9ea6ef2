// Socket Mode against the stand-in: nothing lost, nothing crashed, whatever becomes of the connections.
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { PlatformEvent } from '../../../../src/domain/events.ts';
import { openSocket } from '../../../../src/platforms/slack/socket.ts';
import { createTransport } from '../../../../src/platforms/slack/transport.ts';
import { createLog } from '../../../../src/runtime/log.ts';
import { systemClock } from '../../../../src/runtime/time.ts';
import { openPlay } from '../../../contract/chat-platform/play.ts';
import type { Play } from '../../../contract/chat-platform/play.ts';
import { until } from '../../../contract/chat-platform/stage.ts';
import { openSlackStage } from '../../../contract/slack-stage.ts';

/** A started adapter with Ana in a channel; fails when anything was left to kill the process. */
async function play() {
  const { stage, slack } = await openSlackStage();
  const rejections: unknown[] = [];
  const note = (reason: unknown): void => {
    rejections.push(reason);
  };
  process.on('unhandledRejection', note);
  const started = await openPlay(stage);
  onTestFinished(async () => {
    await started.close();
    process.off('unhandledRejection', note);
    expect(rejections).toEqual([]);
  });
  const ana = await stage.person('Ana');
  const { channel } = await started.channel('wa-bob', ana);
  await slack.settled();
  return { play: started, stage, slack, ana, channel };
}

const saidIn = (started: Play) =>
  started.events.filter((event): event is Extract<PlatformEvent, { kind: 'said' }> => event.kind === 'said');

test('keeps two connections open', async () => {
  const { slack } = await play();
  await until(() => slack.sockets.connections.length === 2, 'the second connection');
  expect(slack.sockets.openedCount).toBe(2);
});

test.for(['warning', 'refresh_requested'] as const)(
  'loses nothing and needs no second telling while one connection is renewed (%s), although Slack leaves its close unanswered',
  async (reason) => {
    const { play: started, slack, stage, ana, channel } = await play();
    await until(() => slack.sockets.connections.length === 2, 'the second connection');
    slack.sockets.lingerAfterClose = true;
    const opened = slack.sockets.openedCount;
    slack.sockets.connections[0]?.disconnect(reason);
    const posts = [];
    for (let count = 0; count < 20; count += 1) posts.push(await stage.say(ana, channel, `message ${count}`));
    await until(() => saidIn(started).length === 20, 'all messages');
    await until(() => slack.sockets.openedCount > opened, 'the new connection');
    expect(new Set(saidIn(started).map((event) => event.post))).toEqual(new Set(posts));
    expect(started.states.map((one) => one.state)).not.toContain('reconnecting');
  },
);

test('notices a dead path by itself and connects again', async () => {
  const { play: started, slack } = await play();
  await until(() => slack.sockets.connections.length === 2, 'the second connection');
  slack.sockets.freezeAll();
  await until(() => started.states.some((one) => one.state === 'reconnecting'), 'the dead path to be noticed');
  await until(() => started.states.at(-1)?.state === 'connected', 'the connection to be back');
  expect(started.states.at(-1)?.back).toBe(true);
}, 15_000);

test('takes a connection that breaks beside another for a gap, and one that Slack renews for none', async () => {
  const { play: started, slack } = await play();
  await until(() => slack.sockets.connections.length === 2, 'the second connection');
  const gaps = () => started.states.filter(({ state, back }) => state === 'connected' && back).length;
  expect(gaps()).toBe(1);
  slack.sockets.connections[0]?.disconnect('refresh_requested');
  await until(() => slack.sockets.openedCount === 3, 'the renewed connection');
  expect(gaps()).toBe(1);
  slack.sockets.connections[0]?.freeze();
  await until(() => gaps() === 2, 'the gap to be told');
  expect(started.states.map(({ state }) => state)).not.toContain('reconnecting');
}, 15_000);

test('survives being told that events are withheld', async () => {
  const { play: started, slack, stage, ana, channel } = await play();
  const body = { type: 'app_rate_limited', team_id: slack.teamId, minute_rate_limited: 1 };
  const parcel = { kind: 'events_api', body, answerable: false, retry: { attempt: 0, reason: '' } } as const;
  expect((await slack.sockets.carry(parcel)).kind).toBe('timeout');
  const said = await stage.say(ana, channel, 'still there?');
  await until(() => saidIn(started).some((event) => event.post === said), 'the next message');
});

test('tells a refused reconnect and goes on when it is accepted', async () => {
  const { play: started, slack } = await play();
  slack.faults.call('apps.connections.open', { kind: 'error', error: 'account_inactive' }, { times: 4 });
  slack.sockets.dropAll();
  const refused = await until(() => started.states.find((one) => one.state === 'refused'), 'the refusal to be told');
  expect(refused.problem?.fix).toContain('SLACK_APP_TOKEN');
  await until(() => started.states.at(-1)?.state === 'connected', 'the connection to be back');
  expect(started.states.at(-1)?.back).toBe(true);
});

test('waits as long as it is asked to before it connects again', async () => {
  const { play: started, slack } = await play();
  slack.faults.call('apps.connections.open', { kind: 'rate_limited', retryAfter: '1' }, { times: 2 });
  slack.sockets.dropAll();
  await until(() => started.states.at(-1)?.state === 'reconnecting', 'the break to be told');
  await until(() => started.states.at(-1)?.state === 'connected', 'the connection to be back');
  const asked = slack.requests.filter((request) => request.method === 'apps.connections.open');
  // Two at the start, two refused, two after the wait.
  expect(asked.length).toBeLessThanOrEqual(6);
});

test('opens no connection after it was stopped while one was being asked for', async () => {
  const { play: started, slack } = await play();
  slack.faults.call('apps.connections.open', { kind: 'slow', ms: 100 }, { times: 10 });
  const countBefore = slack.requests.length;
  slack.sockets.dropAll();
  await until(() => slack.requests.length > countBefore, 'the request for an address');
  const openedBefore = slack.sockets.openedCount;
  await started.stop();
  // A slower answer than those: by then the addresses have come, and whoever still wanted them would have connected.
  slack.faults.call('auth.test', { kind: 'slow', ms: 400 });
  await fetch(`${slack.apiUrl}auth.test`, { method: 'POST', headers: { authorization: `Bearer ${slack.botToken}` } });
  expect(slack.sockets.openedCount).toBe(openedBefore);
  expect(slack.sockets.connections).toEqual([]);
});

test('tells that the token was revoked as soon as Slack says so, though nothing is called', async () => {
  const { play: started, slack } = await play();
  slack.revokeToken('account_inactive');
  const refused = await until(() => started.states.find((one) => one.state === 'refused'), 'the refusal to be told');
  expect(refused.problem?.fix).toContain('SLACK_BOT_TOKEN');
  slack.restoreToken();
  await until(() => started.states.at(-1)?.state === 'connected', 'the token to be tried again');
});

test('gives up a connection that is never answered, and leaves nothing of it', async () => {
  const open = new Set<Socket>();
  const mute = createServer((socket) => {
    open.add(socket);
    socket
      .on('error', () => undefined)
      .on('close', () => open.delete(socket))
      .resume();
  });
  await new Promise<void>((resolve) => {
    mute.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    mute.close();
  });
  const { port } = mute.address() as AddressInfo;
  const transport = createTransport(systemClock);
  const ended = new AbortController();
  const opening = openSocket({
    appToken: 'xapp-1',
    apiUrl: 'http://127.0.0.1:1/api/',
    transport: {
      ...transport,
      fetch: async () => Response.json({ ok: true, url: `ws://127.0.0.1:${port}/link` }),
    },
    clock: systemClock,
    log: createLog({ level: 'silent' }),
    take: async () => undefined,
    signal: ended.signal,
  });
  await until(() => open.size === 1, 'the connection');
  ended.abort();
  await expect(opening).rejects.toThrow('in time');
  await until(() => open.size === 0, 'the connection to be gone');
  await transport.close();
});

test('stops at once although Slack leaves the close unanswered', async () => {
  const { play: started, slack } = await play();
  slack.sockets.lingerAfterClose = true;
  slack.sockets.dropAll();
  await until(() => slack.sockets.connections.length === 2, 'new connections');
  const askedBefore = performance.now();
  await started.stop();
  // The SDK by itself would wait 30 s for the answer.
  expect(performance.now() - askedBefore).toBeLessThan(5_000);
  await until(() => slack.sockets.connections.length === 0, 'all connections to be closed');
});

test('asks again for its identity when Slack can not be reached at the start', async () => {
  const { play: started, slack } = await play();
  slack.faults.call('auth.test', { kind: 'cut' }, { times: 2 });
  const countBefore = started.states.length;
  await started.restart();
  expect(started.states.at(-1)?.state).toBe('connecting');
  await until(() => started.states.slice(countBefore).some((one) => one.state === 'connected'), 'the connection');
});
