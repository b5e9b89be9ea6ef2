// The Discord adapter keeps the contract: the real SDK against the stand-in on the wire.
import { chatPlatformContract, notSupported } from './chat-platform.ts';
import { openDiscordStage } from './discord-stage.ts';

chatPlatformContract('discord', async () => (await openDiscordStage()).stage, [
  notSupported(
    'acknowledges what was said only once it is stored',
    'the gateway has no acknowledgements: what a crash kept from being stored is read back by `missed`',
  ),
  notSupported(
    'finds people by email, but neither guests nor bots nor those who left',
    'Discord tells bots nobody’s email',
  ),
]);
