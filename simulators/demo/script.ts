// The script of the demo: who is there, and what is said in each chat. Data only; `play.ts` performs it, `compare.ts` holds both ends to it.
import type { FileName } from './files.ts';

/** The organisation's number. */
export const office = { number: '493023125000', name: 'Acme' } as const;

/** Who writes on WhatsApp. `addressing` is how others' devices know them: by LID or by phone number. */
export const customers = {
  mia: { number: '493023125001', name: 'Mia Müller', addressing: 'lid' },
  joao: { number: '351210005002', name: 'João Silva', addressing: 'pn' },
  leila: { number: '97143005003', name: 'ليلى حداد', addressing: 'lid' },
  priya: { number: '912230005004', name: 'प्रिया शर्मा', addressing: 'pn' },
  ken: { number: '81350005005', name: '佐藤 健', addressing: 'lid' },
  zoe: { number: '442079465006', name: 'Zoë 🌻', addressing: 'lid' },
} as const;

/** Who works in the Slack workspace. */
export const agents = {
  ana: { name: 'Ana', email: 'ana@acme.test' },
  ben: { name: 'Ben', email: 'ben@acme.test' },
} as const;

/** Who works in the Discord server instead; they prove their email there by signing in. */
export const guildAgents = {
  dora: { name: 'Dora', email: 'dora@acme.test' },
} as const;

/** Somebody of the workspace whom nobody invited to Switchboard. */
export const stranger = { name: 'Carl', email: 'carl@acme.test' } as const;

export type Customer = keyof typeof customers;
export type Agent = keyof typeof agents;
export type GuildAgent = keyof typeof guildAgents;

/**
 * One thing somebody does. `id` names what is said, for later steps. A step waits until both ends show what was said before it, unless it
 * comes `atOnce`. `reply` and `note` with `to` are written in the thread that begins with that message; `replyInGuild` is a native reply to it in Discord; `quotes` says whether the customer
 * sees the reply quote it: not when it was the newest of a direct chat.
 */
export type Step = { readonly atOnce?: true } & (
  | {
      readonly does: 'write';
      readonly by: Customer;
      readonly id: string;
      readonly text: string;
      readonly quote?: string;
    }
  | {
      readonly does: 'sendFile';
      readonly by: Customer;
      readonly id: string;
      readonly file: FileName;
      readonly text?: string;
    }
  | { readonly does: 'read'; readonly by: Customer }
  | { readonly does: 'typeOnPhone'; readonly id: string; readonly text: string }
  | {
      readonly does: 'reply';
      readonly by: Agent;
      readonly id: string;
      readonly to: string;
      readonly text: string;
      readonly file?: FileName;
      readonly quotes: boolean;
    }
  | {
      readonly does: 'replyInGuild';
      readonly by: GuildAgent;
      readonly id: string;
      readonly to: string;
      readonly text: string;
      readonly quotes: boolean;
    }
  | { readonly does: 'note'; readonly by: Agent; readonly id: string; readonly to?: string; readonly text: string }
  | {
      readonly does: 'intrude';
      readonly broughtBy: Agent;
      readonly id: string;
      readonly to: string;
      readonly text: string;
    }
  | { readonly does: 'edit'; readonly of: string; readonly text: string }
  | { readonly does: 'delete'; readonly of: string }
  | { readonly does: 'react'; readonly by: Customer | Agent; readonly to: string; readonly emoji: string }
);

/** One conversation: its name on WhatsApp, and the channel it must appear in. */
export interface ChatScript {
  readonly name: string;
  readonly channel: string;
  readonly people: readonly Customer[];
  readonly isGroup: boolean;
  readonly steps: readonly Step[];
}

function direct(who: Customer, channel: string, steps: readonly Step[]): ChatScript {
  return { name: customers[who].name, channel, people: [who], isGroup: false, steps };
}

export const chats: readonly ChatScript[] = [
  direct('mia', 'wa-mia-müller', [
    { does: 'write', by: 'mia', id: 'where', text: 'Guten Tag! *Wo* bleibt meine Bestellung Nr. 4711? 📦' },
    { does: 'write', by: 'mia', id: 'due', text: 'Sie sollte _gestern_ kommen …', atOnce: true },
    { does: 'sendFile', by: 'mia', id: 'box', file: 'parcel', text: 'So sah der Karton letztes Mal aus', atOnce: true },
    {
      does: 'reply',
      by: 'ana',
      id: 'look',
      to: 'where',
      text: 'Hallo Frau Müller, ich sehe *sofort* nach!',
      quotes: true,
    },
    {
      does: 'note',
      by: 'ben',
      id: 'stock',
      text: 'Liegt noch im Lager Süd. Das muss die Kundin nicht wissen.',
      atOnce: true,
    },
    { does: 'note', by: 'ana', id: 'call', to: 'where', text: '// Ben, rufst du dort an?', atOnce: true },
    { does: 'reply', by: 'ben', id: 'slip', to: 'box', text: 'Hier ist Ihr Lieferschein.', file: 'slip', quotes: true },
    { does: 'write', by: 'mia', id: 'thanks', text: 'Danke, das ging ja schnell!', quote: 'look' },
    { does: 'react', by: 'mia', to: 'slip', emoji: '❤️', atOnce: true },
    { does: 'react', by: 'ana', to: 'thanks', emoji: '👍' },
    { does: 'edit', of: 'look', text: 'Hallo Frau Müller, ich sehe *gleich* nach!', atOnce: true },
    {
      does: 'reply',
      by: 'ben',
      id: 'today',
      to: 'where',
      text: 'Die Zustellung kommt heute bis 18 Uhr.',
      quotes: true,
    },
    { does: 'read', by: 'mia' },
  ]),
  direct('joao', 'wa-joão-silva', [
    { does: 'write', by: 'joao', id: 'open', text: 'Olá! A loja abre amanhã, sábado? 😊' },
    { does: 'reply', by: 'ben', id: 'hours', to: 'open', text: 'Olá, João! Sim, das 9h às 13h.', quotes: false },
    { does: 'write', by: 'joao', id: 'ten', text: 'Perfeito, passo às 10h' },
    { does: 'edit', of: 'ten', text: 'Perfeito, passo às *11h*' },
    { does: 'write', by: 'joao', id: 'wrong', text: 'Isto era para a minha irmã 🙈' },
    { does: 'delete', of: 'wrong' },
    { does: 'reply', by: 'ana', id: 'mistake', to: 'ten', text: 'Traga a fatura do Pedro, por favor.', quotes: true },
    { does: 'delete', of: 'mistake' },
    { does: 'typeOnPhone', id: 'until', text: 'Até amanhã! 👋' },
    { does: 'write', by: 'joao', id: 'card', text: 'Aceitam cartão?' },
    {
      does: 'replyInGuild',
      by: 'dora',
      id: 'cards',
      to: 'card',
      text: 'Sim, João: débito e crédito. 💳',
      quotes: false,
    },
  ]),
  direct('leila', 'wa-ليلى-حداد', [
    { does: 'write', by: 'leila', id: 'date', text: 'مرحبا، هل يمكنني تغيير *موعد* التسليم؟' },
    { does: 'sendFile', by: 'leila', id: 'voice', file: 'question', atOnce: true },
    { does: 'reply', by: 'ana', id: 'which', to: 'date', text: 'أهلاً ليلى، بكل سرور. أي يوم يناسبك؟', quotes: true },
    { does: 'reply', by: 'ana', id: 'spoken', to: 'voice', text: '', file: 'answer', quotes: true },
    { does: 'write', by: 'leila', id: 'monday', text: 'يوم الاثنين، شكراً جزيلاً 🌹', quote: 'which' },
    { does: 'react', by: 'ben', to: 'monday', emoji: '🙏' },
  ]),
  direct('priya', 'wa-प्रिया-शर्मा', [
    { does: 'write', by: 'priya', id: 'list', text: 'नमस्ते 🙏 मुझे चाहिए:\n- चाय\n- ~चीनी~\n- 2 कप `A-17`' },
    { does: 'sendFile', by: 'priya', id: 'order', file: 'order' },
    { does: 'reply', by: 'ben', id: 'shelf', to: 'list', text: 'यह सब हमारे पास है 👇', file: 'shelf', quotes: true },
    { does: 'react', by: 'priya', to: 'shelf', emoji: '😍' },
    { does: 'write', by: 'priya', id: 'great', text: 'बहुत बढ़िया!' },
  ]),
  direct('ken', 'wa-佐藤-健', [
    { does: 'write', by: 'ken', id: 'receipt', text: '領収書をお願いします。\n> 注文番号 2041' },
    { does: 'sendFile', by: 'ken', id: 'cat', file: 'cat' },
    { does: 'intrude', broughtBy: 'ana', id: 'meddle', to: 'receipt', text: 'もう送りましたよ！' },
    {
      does: 'reply',
      by: 'ana',
      id: 'here',
      to: 'receipt',
      text: 'こちらが領収書です。',
      file: 'receipt',
      quotes: true,
    },
    { does: 'write', by: 'ken', id: 'got', text: '受け取りました。ありがとうございます！' },
  ]),
  {
    name: 'Sommerfest 🎪',
    channel: 'wa-sommerfest',
    people: ['zoe', 'mia', 'joao'],
    isGroup: true,
    steps: [
      {
        does: 'write',
        by: 'zoe',
        id: 'who',
        text: 'Wer bringt was mit? @everyone <!channel> <https://acme.test|klick>',
      },
      { does: 'write', by: 'mia', id: 'cake', text: 'Ich backe *Kuchen* 🍰', atOnce: true },
      { does: 'write', by: 'joao', id: 'drinks', text: 'Eu levo as bebidas 🍹🇵🇹', atOnce: true },
      {
        does: 'reply',
        by: 'ana',
        id: 'grill',
        to: 'who',
        text: 'Wunderbar, wir bringen den Grill mit 🔥',
        quotes: true,
      },
      { does: 'react', by: 'joao', to: 'grill', emoji: '🎉' },
      { does: 'react', by: 'mia', to: 'drinks', emoji: '😂', atOnce: true },
      { does: 'write', by: 'zoe', id: 'berries', text: 'Mit Erdbeeren, bitte 🍓', quote: 'cake' },
      { does: 'react', by: 'ben', to: 'berries', emoji: '😋' },
      {
        does: 'replyInGuild',
        by: 'dora',
        id: 'cups',
        to: 'drinks',
        text: 'Perfeito! Copos levamos nós.',
        quotes: true,
      },
      { does: 'react', by: 'joao', to: 'cups', emoji: '👏' },
    ],
  },
];
