// The messenger contract on the fake: what stands on the port may be tested with it.
import { FakeWorld } from '../support/fake-world.ts';
import { messengerContract, notSupported } from './messenger.ts';

const why = 'the fake holds what arrives over there until it is recorded, so nothing is stored on our side';

messengerContract('the fake messenger', async () => new FakeWorld(), [
  notSupported('acknowledges nothing before it is stored', why),
  notSupported('acknowledges nothing that could not be stored, and gets it again', why),
]);
