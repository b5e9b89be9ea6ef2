// WhatsApp for the rest of the program: the only file others import from here.
import { trustNoiseRoot } from './curve.ts';
import { WhatsAppMessenger } from './adapter.ts';
import type { WhatsAppOptions } from './endpoint.ts';
import type { Messenger } from '../messenger.ts';
import { quietLibsignal } from './quiet.ts';

export type { WhatsAppOptions } from './endpoint.ts';

/** Makes the messenger. Changes Baileys and libsignal for the whole process (see `curve.ts`, `quiet.ts`). */
export function createWhatsApp(options: WhatsAppOptions): Messenger {
  quietLibsignal();
  if (options.endpoint?.noiseRoot !== undefined) trustNoiseRoot(options.endpoint.noiseRoot);
  return new WhatsAppMessenger(options);
}
