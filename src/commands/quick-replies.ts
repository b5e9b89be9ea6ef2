// /wa q: quick replies, texts that are sent by their name; admins make and delete them.
import type { Answer } from '../domain/command.ts';
import type { Button } from '../domain/post.ts';
import type { QuickReply } from '../store/quick-reply.ts';
import { isRefused, type Ask, type Parts } from './ask.ts';
import { chatName, findChat } from './find.ts';
import { hintAt } from '../domain/nearest.ts';
import { counted, listed, quoted, say } from './words.ts';

const PAGE = 10;
const LONGEST_NAME = 40;
const LONGEST_SHOWN = 80;

export async function quickReply(parts: Parts, ask: Ask): Promise<Answer> {
  const { name } = ask.options;
  if (name === undefined) return quickReplies(parts, ask, 0);
  const reply = await parts.store.read.quickReplies.byName(name);
  if (reply === undefined) {
    const hint = hintAt(
      name,
      (await parts.store.read.quickReplies.all()).map((one) => one.name),
    );
    return say(`There is no quick reply ${quoted(name)}.${hint}`);
  }
  const chat = await findChat(parts, ask, 'this');
  if (isRefused(chat)) return say(chat.refused);
  const sent = await parts.bridge.reply(
    { chatId: chat.id, agentId: ask.agent.id, text: reply.text, workspaceId: ask.workspaceId },
    ask.by,
  );
  return say(isRefused(sent) ? sent.refused : `${quoted(reply.name)} is being sent to ${chatName(ask, chat)}.`);
}

async function quickReplies(parts: Parts, ask: Ask, from: number): Promise<Answer> {
  const all = await parts.store.read.quickReplies.all();
  const isAdmin = ask.agent.role === 'admin';
  const page = all.slice(from, from + PAGE);
  const more = all.length - from - page.length;
  const make: Button[] = isAdmin ? [{ action: 'q-form', label: 'New or change', tone: 'primary' }] : [];
  const buttons = [
    ...make,
    ...(isAdmin ? page.map((reply) => deleteButton(parts, ask, reply)) : []),
    ...(more > 0
      ? [parts.offers.button(ask, { label: `${more} more` }, (again, asked) => quickReplies(again, asked, from + PAGE))]
      : []),
  ];
  if (all.length === 0) {
    const words = isAdmin ? 'There are no quick replies yet.' : 'There are no quick replies yet; admins make them.';
    return { ...say(words), ...(buttons.length === 0 ? {} : { buttons }) };
  }
  const items = page.map(({ name, text }) => {
    const shown = text.replaceAll(/\s+/gu, ' ');
    return `${name} — ${shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}…` : shown}`;
  });
  const count = counted(all.length, 'quick reply', 'quick replies');
  return listed(count, items, { last: 'In a chat’s channel, /wa q with a name sends it.', buttons });
}

/** Under an admin's right, whatever the list was asked for with. */
function deleteButton(parts: Parts, ask: Ask, { id, name }: QuickReply): Button {
  const asAdmin = { agent: ask.agent, who: 'admin' } as const;
  return parts.offers.button(asAdmin, { label: `Delete ${name}`, isOnce: true }, async ({ store, clock }, { by }) => {
    const removed = await store.transaction(async (tx) => {
      if (!(await tx.quickReplies.remove(id))) return false;
      await tx.audit.add({ ...by, action: 'quick_reply.deleted', detail: { name }, at: clock.now() });
      return true;
    });
    return say(removed ? `The quick reply ${quoted(name)} is gone.` : 'That was done already.');
  });
}

export const quickReplyForm = (): Promise<Answer> =>
  Promise.resolve({
    text: [],
    form: {
      action: 'q-save',
      title: 'Quick reply',
      submit: 'Save',
      fields: [
        { id: 'name', label: 'Name', kind: 'text', required: true, hint: 'One that exists gets the new text' },
        { id: 'text', label: 'What customers get', kind: 'paragraph', required: true },
      ],
    },
  });

export async function quickReplySaved({ store, clock }: Parts, ask: Ask): Promise<Answer> {
  const name = (ask.options['name'] ?? '').trim();
  const text = (ask.options['text'] ?? '').trim();
  const fieldErrors = {
    ...(name === '' ? { name: 'It needs a name.' } : {}),
    ...(name.length > LONGEST_NAME ? { name: `At most ${LONGEST_NAME} letters.` } : {}),
    ...(text === '' ? { text: 'It needs a text.' } : {}),
  };
  if (Object.keys(fieldErrors).length > 0) return { text: [], fieldErrors };
  const wasThere = await store.transaction(async (tx) => {
    const before = await tx.quickReplies.put(name, text, clock.now());
    const action = before ? 'quick_reply.changed' : 'quick_reply.made';
    await tx.audit.add({ ...ask.by, action, detail: { name }, at: clock.now() });
    return before;
  });
  return say(`The quick reply ${quoted(name)} is ${wasThere ? 'changed' : 'there'}: /wa q ${name} sends it.`);
}
