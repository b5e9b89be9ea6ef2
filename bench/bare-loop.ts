// What the relay is measured against: Baileys to chat.postMessage with nothing between, no database, nothing kept.
import { WebClient } from '@slack/web-api';
import { initAuthCreds, makeCacheableSignalKeyStore, makeWASocket, type WAMessage } from '@whiskeysockets/baileys';
import { pino } from 'pino';
import { memoryStore } from '../simulators/whatsapp/signal.ts';

const { WHATSAPP_WEBSOCKET_URL = '', SLACK_API_URL = '', SLACK_BOT_TOKEN = '' } = process.env;
/** What Baileys calls `DisconnectReason.restartRequired`. */
const RESTART_REQUIRED = 515;
const logger = pino({ level: 'silent' });
const creds = initAuthCreds();
const keys = makeCacheableSignalKeyStore(memoryStore(), logger);
const web = new WebClient(SLACK_BOT_TOKEN, { slackApiUrl: SLACK_API_URL });
/** The channel of each chat, and the last post to it: one after the other in a chat, as the relay does. */
const channels = new Map<string, Promise<string>>();
const turns = new Map<string, Promise<unknown>>();

async function openChannel(name: string): Promise<string> {
  const answer = await web.conversations.create({ name: `wa-${name.toLowerCase()}`, is_private: true });
  return answer.channel?.id ?? '';
}

async function post(chat: string, { message, pushName }: WAMessage): Promise<void> {
  const text = message?.conversation ?? message?.extendedTextMessage?.text ?? '';
  if (text === '') return;
  const opening = channels.get(chat) ?? openChannel(pushName ?? chat);
  channels.set(chat, opening);
  await web.chat.postMessage({ channel: await opening, text, username: pushName ?? chat });
}

function connect(): void {
  const socket = makeWASocket({ waWebSocketUrl: WHATSAPP_WEBSOCKET_URL, auth: { creds, keys }, logger });
  socket.ev.on('creds.update', (update) => Object.assign(creds, update));
  socket.ev.on('messages.upsert', ({ messages }) => {
    for (const message of messages) {
      const chat = message.key.remoteJid ?? '';
      turns.set(
        chat,
        (turns.get(chat) ?? Promise.resolve()).then(() => post(chat, message)),
      );
    }
  });
  socket.ev.on('connection.update', ({ connection, qr, lastDisconnect }) => {
    if (qr !== undefined) process.stdout.write(`${JSON.stringify({ qr })}\n`);
    if (connection === 'open') process.stdout.write(`${JSON.stringify({ msg: 'open' })}\n`);
    const error = lastDisconnect?.error as { output?: { statusCode?: number } } | undefined;
    const isRestart = error?.output?.statusCode === RESTART_REQUIRED;
    if (connection === 'close' && isRestart) connect();
  });
}

connect();
