// What WhatsApp can do, as values for whoever asks.
import type { MessengerCapabilities } from '../messenger.ts';

/** The limits of WhatsApp's own apps: 65,536 characters, 2 GB documents (we stop at 100 MiB), 15 minutes for edits, 2 days for deletions. */
export const capabilities: MessengerCapabilities = {
  edits: 'native',
  deletions: 'native',
  reactions: 'native',
  maxTextLength: 65_536,
  maxFileBytes: 100 * 1024 * 1024,
  editWindowMs: 15 * 60 * 1000,
  deleteWindowMs: 2 * 24 * 60 * 60 * 1000,
};
