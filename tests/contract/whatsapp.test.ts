// The messenger contract on the real adapter, with the real SDK, against the simulated WhatsApp.
import { whatsAppWorld } from '../support/whatsapp-world.ts';
import { messengerContract } from './messenger.ts';

messengerContract('WhatsApp', async () => whatsAppWorld());
