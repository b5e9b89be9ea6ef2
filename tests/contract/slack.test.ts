// The Slack adapter keeps the contract: the real SDK against the stand-in on the wire.
import { chatPlatformContract } from './chat-platform.ts';
import { openSlackStage } from './slack-stage.ts';

chatPlatformContract('slack', async () => (await openSlackStage()).stage);
