// /wa number …: our WhatsApp numbers listed, added, linked by a pairing code, and unlinked.
import type { AccountState } from '../domain/events.ts';
import type { Answer } from '../domain/command.ts';
import type { AccountId } from '../domain/ids.ts';
import { isRefused, type Ask, type Parts } from './ask.ts';
import { noPhoneWords, phoneOf } from './chats.ts';
import { findAccount } from './find.ts';
import { counted, listed, quoted, say } from './words.ts';

const POLL_MS = 250;
/** How long the code may take to come before the person is told to look again. */
const CODE_WAIT_MS = 20_000;

const QR_WORDS = 'To link it by a QR code instead, start the program with --link: it shows the code in its console.';

function stateWords(state: AccountState): string {
  switch (state) {
    case 'unlinked':
      return 'not linked';
    case 'linking':
      return 'being linked';
    case 'connecting':
      return 'connecting';
    case 'connected':
      return 'connected';
    case 'reconnecting':
      return 'connecting again';
    case 'logged_out':
      return 'logged out: link it again';
    case 'limited':
      return 'limited by WhatsApp';
  }
}

export async function listNumbers({ store }: Parts): Promise<Answer> {
  const accounts = await store.read.accounts.all();
  if (accounts.length === 0) return say('There is no WhatsApp number yet. Add one with /wa number add.');
  return listed(
    counted(accounts.length, 'WhatsApp number'),
    accounts.map(({ name, phone, state, stateText }) =>
      [
        `${name} — ${stateWords(state)}`,
        ...(phone === null ? [] : [phone]),
        ...(stateText === null ? [] : [stateText]),
      ].join(' · '),
    ),
  );
}

export async function addNumber({ bridge }: Parts, ask: Ask): Promise<Answer> {
  const { name } = await bridge.createAccount(ask.options['name'], ask.by);
  return say(`${quoted(name)} is added. Link it with /wa number pair "${name}" and its phone number.`, QR_WORDS);
}

export async function pairNumber(parts: Parts, ask: Ask): Promise<Answer> {
  const account = await findAccount(parts, ask.options['number'] ?? '');
  if (isRefused(account)) return say(account.refused);
  const written = ask.options['phone'];
  if (written === undefined) {
    return say(`Write the phone’s number too, like /wa number pair "${account.name}" +491701234567.`, QR_WORDS);
  }
  const phone = phoneOf(written);
  if (phone === undefined) return say(noPhoneWords(written));
  const refusal = await parts.bridge.link(account.id, { method: 'code', phone }, ask.by);
  return refusal === undefined ? codeOf(parts, ask, account.id, account.name) : say(refusal.refused);
}

/** Waits for the code, then shows it: a credential, so only to the asker. */
async function codeOf(parts: Parts, ask: Ask, accountId: AccountId, name: string): Promise<Answer> {
  const { bridge, clock, offers } = parts;
  const untilMs = clock.monotonicMs() + CODE_WAIT_MS;
  for (;;) {
    const step = bridge.linkStep(accountId);
    switch (step.step) {
      case 'code':
        return say(
          `The code for ${quoted(name)}: ${step.code}`,
          'On the phone: WhatsApp → Linked devices → Link a device → Link with phone number instead, and type it within a few minutes.',
          '/wa number list shows when it’s connected.',
        );
      case 'linked':
        return say(`${quoted(name)} is linked.`);
      case 'failed':
        return say(`${quoted(name)} could not be linked: ${step.reason}`);
      case 'waiting':
      case 'qr':
        if (clock.monotonicMs() < untilMs) break;
        return {
          ...say('WhatsApp hasn’t given a code yet.'),
          buttons: [
            offers.button(ask, { label: 'Look again' }, (again, asked) => codeOf(again, asked, accountId, name)),
          ],
        };
    }
    await clock.sleep(POLL_MS);
  }
}

export async function removeNumber(parts: Parts, ask: Ask): Promise<Answer> {
  const account = await findAccount(parts, ask.options['number'] ?? '');
  if (isRefused(account)) return say(account.refused);
  const { id, name } = account;
  const button = parts.offers.button(
    ask,
    { label: 'Remove it', tone: 'danger', isOnce: true },
    async (again, asked) => {
      if ((await again.store.read.accounts.find(id)) === undefined) return say('That was done already.');
      await again.bridge.unlink(id, asked.by);
      return say(`${quoted(name)} is unlinked and gone from the list.`);
    },
  );
  return listed(
    `Remove ${quoted(name)}?`,
    ['Nothing more is received or sent by this number.', 'Its chats, channels and history stay.'],
    { last: 'Nothing is changed yet.', buttons: [button] },
  );
}
