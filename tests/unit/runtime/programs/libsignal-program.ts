// Drives libsignal through everything that makes it print: sessions closed, removed, closed again. Run by quiet-console.test.ts.
import { calculateSignature, generateKeyPair } from 'libsignal/src/curve.js';
import { ProtocolAddress, SessionBuilder, SessionCipher } from 'libsignal';
import type { SessionRecord } from 'libsignal';
import { createLog } from '../../../../src/runtime/log.ts';
import { quietLibsignal } from '../../../../src/runtime/quiet-console.ts';

if (process.argv[2] === 'quiet') quietLibsignal(createLog({ level: 'debug' }));

const asBuffers = ({ pubKey, privKey }: { pubKey: Uint8Array; privKey: Uint8Array }) => ({
  pubKey: Buffer.from(pubKey),
  privKey: Buffer.from(privKey),
});
const [ours, theirs] = [asBuffers(generateKeyPair()), asBuffers(generateKeyPair())];
let record: SessionRecord | undefined;
const storage = {
  loadSession: async () => record,
  storeSession: async (_id: string, session: SessionRecord) => {
    record = session;
  },
  isTrustedIdentity: () => true,
  loadPreKey: async () => undefined,
  removePreKey: () => undefined,
  loadSignedPreKey: () => ours,
  getOurRegistrationId: () => 1,
  getOurIdentity: () => ours,
};
const address = new ProtocolAddress('canary', 1);
const signedPreKey = asBuffers(generateKeyPair());
const bundle = {
  registrationId: 2,
  identityKey: theirs.pubKey,
  signedPreKey: {
    keyId: 1,
    publicKey: signedPreKey.pubKey,
    signature: calculateSignature(theirs.privKey, signedPreKey.pubKey),
  },
  preKey: { keyId: 1, publicKey: asBuffers(generateKeyPair()).pubKey },
};
// More than the 40 closed sessions that a record keeps.
for (let round = 0; round < 43; round += 1) await new SessionBuilder(storage, address).initOutgoing(bundle);
await new SessionCipher(storage, address).encrypt(Buffer.from('hello'));

// These two happen in races only; the methods are there, though the types don't say so.
const open = record as unknown as {
  getOpenSession(): object;
  closeSession(session: object): void;
  openSession(session: object): void;
};
const session = open.getOpenSession();
open.closeSession(session);
open.closeSession(session);
open.openSession(session);
globalThis.console.log('the canary of another library', session);
