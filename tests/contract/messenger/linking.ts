// Linking a number, keeping the link, and losing it.
import { expect } from 'vitest';
import { plain } from '../../../src/domain/text.ts';
import type { Promises } from '../messenger.ts';
import { ACME, failureOf } from './play.ts';

export function linkingPromises(promise: Promises): void {
  promise('links by a QR text and stays connected', async (play) => {
    const steps = await play.linkByQr();
    expect(steps.map(({ step }) => step)).toEqual(['waiting', 'qr', 'linked']);
    expect(steps.at(-1)).toEqual({ step: 'linked', phone: play.us.phone });
    const connected = await play.told.state('connected');
    expect(connected.phone).toBe(play.us.phone);
    expect(play.told.all('connection').map(({ state }) => state)).toEqual(['linking', 'connecting', 'connected']);
  });

  promise('links by a pairing code', async (play) => {
    const steps: string[] = [];
    for await (const step of play.messenger.link(ACME, { method: 'code', phone: play.us.phone })) {
      steps.push(step.step);
      if (step.step === 'code') await play.us.enter(step.code);
    }
    expect(steps).toEqual(['waiting', 'code', 'linked']);
    await play.told.state('connected');
  });

  promise('tells a failed try, and can be tried again', async (play) => {
    play.world.refuseLinking(true);
    const steps = await play.linkByQr();
    expect(steps.at(-1)?.step).toBe('failed');
    await play.told.state('unlinked');
    play.world.refuseLinking(false);
    expect((await play.linkByQr()).at(-1)?.step).toBe('linked');
  });

  promise('gives up when the iteration ends early', async (play) => {
    for await (const step of play.messenger.link(ACME, { method: 'qr' })) if (step.step === 'qr') break;
    await play.told.state('unlinked');
    expect((await play.linkByQr()).at(-1)?.step).toBe('linked');
  });

  promise('refuses to link an account that is being linked', async (play) => {
    for await (const step of play.messenger.link(ACME, { method: 'qr' })) {
      if (step.step !== 'qr') continue;
      const error = await failureOf(play.linkByQr());
      expect(error.code).toBe('refused');
      break;
    }
  });

  promise('links an account that was opened a moment ago', async (play) => {
    await play.messenger.open(ACME);
    expect((await play.linkByQr()).at(-1)?.step).toBe('linked');
    await play.told.state('connected');
  });

  promise('refuses to link an account that is linked, and keeps it connected', async (play) => {
    await play.linked();
    const error = await failureOf(play.linkByQr());
    expect(error.code).toBe('refused');
    await play.ana.say('us', 'still there?');
    await play.told.message('still there?');
  });

  promise('keeps the link when closed', async (play) => {
    await play.linked();
    await play.messenger.close(ACME);
    await play.ana.say('us', 'while closed');
    await play.startAgain();
    await play.messenger.open(ACME);
    await play.told.message('while closed');
  });

  promise('says unlinked for an account that was never linked', async (play) => {
    await play.messenger.open(ACME);
    await play.told.state('unlinked');
  });

  promise('forgets the link when unlinked', async (play) => {
    await play.linked();
    await play.messenger.unlink(ACME);
    await play.told.state('unlinked');
    await play.startAgain();
    await play.messenger.open(ACME);
    await play.told.state('unlinked');
  });

  promise('tells a log-out from the phone, and forgets the link', async (play) => {
    await play.linked();
    play.us.unlink();
    const state = await play.told.state('logged_out');
    expect(state.reason).toBeTruthy();
    const error = await failureOf(
      play.messenger.send(ACME, play.world.addressOf(play.ana), play.messenger.newMessageId(ACME), {
        text: plain('too late'),
      }),
    );
    expect(error.certain).toBe(true);
    await play.world.sessions.cleared(ACME);
    await play.startAgain();
    await play.messenger.open(ACME);
    await play.told.state('unlinked');
  });

  promise('comes back by itself after the connection broke', async (play) => {
    await play.linked();
    play.world.cut(play.us);
    await play.ana.say('us', 'after the cut');
    await play.told.message('after the cut');
  });
}
