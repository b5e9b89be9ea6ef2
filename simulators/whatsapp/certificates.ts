// The simulator's root of trust for the Noise handshake: makes the chain root → intermediate → leaf that a client is shown, genuine or spoilt on purpose.
import { Curve, proto, type KeyPair } from '@whiskeysockets/baileys';
import { calculateSignature } from 'libsignal/src/curve.js';

/**
 * What chain a client is shown. `genuine`: signed under the published root. `unknown-root`: well signed, by a root nobody knows.
 * `forged-intermediate` and `forged-leaf`: one signature was made with the wrong key. `other-static`: a genuine leaf that is for
 * another static key than the one the handshake proves.
 */
export type CertificateMode = 'genuine' | 'unknown-root' | 'forged-intermediate' | 'forged-leaf' | 'other-static';

const INTERMEDIATE_SERIAL = 1;
const DAY_SECONDS = 86_400;

/** Holds the root and the intermediate key and signs chains for the server's static key. */
export class CertificateAuthority {
  readonly root: KeyPair = Curve.generateKeyPair();
  readonly #intermediate: KeyPair = Curve.generateKeyPair();
  readonly #stranger: KeyPair = Curve.generateKeyPair();

  /** The encoded `CertChain` for a static public key (32 bytes). */
  chain(staticKey: Uint8Array, mode: CertificateMode): Uint8Array {
    const leafKey = mode === 'other-static' ? this.#stranger.public : staticKey;
    const leaf = details({ serial: 2, issuerSerial: INTERMEDIATE_SERIAL, key: leafKey });
    // The client insists on issuer serial 0, the root's own.
    const intermediate = details({ serial: INTERMEDIATE_SERIAL, issuerSerial: 0, key: this.#intermediate.public });
    const leafSigner = mode === 'forged-leaf' ? this.#stranger : this.#intermediate;
    const rootSigner = mode === 'forged-intermediate' || mode === 'unknown-root' ? this.#stranger : this.root;
    return proto.CertChain.encode({
      leaf: { details: leaf, signature: calculateSignature(leafSigner.private, leaf) },
      intermediate: { details: intermediate, signature: calculateSignature(rootSigner.private, intermediate) },
    }).finish();
  }
}

function details(of: { serial: number; issuerSerial: number; key: Uint8Array }): Uint8Array {
  const now = Math.floor(Date.now() / 1000);
  return proto.CertChain.NoiseCertificate.Details.encode({
    ...of,
    notBefore: now - DAY_SECONDS,
    notAfter: now + 365 * DAY_SECONDS,
  }).finish();
}
