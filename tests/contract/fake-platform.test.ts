// The fake that stands in for a platform in other tests keeps the same contract as the real ones.
import { chatPlatformContract } from './chat-platform.ts';
import { drawsNothing, openFakeStage } from './fake-stage.ts';

chatPlatformContract('the fake', () => openFakeStage(), drawsNothing);
