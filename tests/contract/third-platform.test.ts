// An imaginary third platform keeps the contract: all that docs/adding-a-platform.md asks for, and nothing else knows its name.
import { createPinboard, openPinboard } from '../fixtures/third-platform/index.ts';
import { chatPlatformContract, notSupported } from './chat-platform.ts';
import { drawsNothing, openFakeStage } from './fake-stage.ts';

chatPlatformContract('a third platform', () => openFakeStage(openPinboard(), createPinboard), [
  ...drawsNothing,
  notSupported('finds people by email, but neither guests nor bots nor those who left', 'it knows nobody’s email'),
]);
