// The shortcut “Note” on a message: what is written in its form is stored as a Note and shown to the team; nothing of it leaves.
import type { Answer } from '../domain/command.ts';
import { as, type ChatId, type MessageId } from '../domain/ids.ts';
import { isRefused, type Ask, type Parts } from './ask.ts';
import { postAbout } from './find.ts';
import { say, tooOldWords } from './words.ts';

const FIELD = 'text';
const ABOUT = /^([\da-f-]{36})(?::([\da-f-]{36}))?$/u;

export async function noteForm(parts: Parts, ask: Ask): Promise<Answer> {
  const found = await postAbout(parts, ask);
  if (isRefused(found)) return say(found.refused);
  const { chat, message } = found;
  return {
    text: [],
    form: {
      action: message === undefined ? `note:${chat.id}` : `note:${chat.id}:${message.id}`,
      title: 'Note',
      submit: 'Keep',
      fields: [
        {
          id: FIELD,
          label: 'What the team should know',
          kind: 'paragraph',
          required: true,
          hint: 'Stays inside: the customer never gets it',
        },
      ],
    },
  };
}

/** The form of a Note. */
export async function noteSent({ bridge }: Parts, ask: Ask): Promise<Answer> {
  const [, chatId, aboutId] = ABOUT.exec(ask.id) ?? [];
  const text = (ask.options[FIELD] ?? '').trim();
  if (chatId === undefined) return say(tooOldWords);
  if (text === '') return { text: [], fieldErrors: { [FIELD]: 'It needs a text.' } };
  const note = {
    chatId: as<ChatId>(chatId),
    agentId: ask.agent.id,
    text,
    ...(aboutId === undefined ? {} : { aboutId: as<MessageId>(aboutId) }),
  };
  const kept = await bridge.note(note, ask.by);
  return say(isRefused(kept) ? kept.refused : 'The note is kept. It stays inside the team.');
}
