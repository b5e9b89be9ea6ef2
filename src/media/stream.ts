// Checks bytes on their way: a cap, and what was claimed about length and hash.
import { createHash } from 'node:crypto';
import { pipeline, Transform, type Readable } from 'node:stream';
import { BridgeError } from '../domain/errors.ts';

export interface Claims {
  /** More is refused at the first byte over it. */
  readonly maxBytes: number;
  /** Lower- or upper-case hex. */
  readonly sha256?: string;
  readonly sizeBytes?: number;
}

function tooLarge(maxBytes: number): BridgeError {
  const limit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 }).format(maxBytes / 1_000_000);
  return new BridgeError('too_large', `the file has more than ${maxBytes} bytes`, {
    sentence: `The file is larger than ${limit} MB.`,
    retry: 'never',
    certain: true,
  });
}

// A transfer that breaks off is the transport's error; bytes that came through and are wrong will be wrong again.
function badMedia(message: string): BridgeError {
  const sentence = 'The file arrived damaged.';
  return new BridgeError('bad_media', message, { sentence, retry: 'never', certain: true });
}

class Guard extends Transform {
  readonly #claims: Claims;
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  constructor(claims: Claims) {
    super();
    this.#claims = claims;
  }

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null, data?: Buffer) => void,
  ): void {
    const { maxBytes, sizeBytes, sha256 } = this.#claims;
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > maxBytes) return done(tooLarge(maxBytes));
    if (sizeBytes !== undefined && this.#sizeBytes > sizeBytes)
      return done(badMedia(`more than ${sizeBytes} bytes came`));
    if (sha256 !== undefined) this.#hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: (error?: Error | null) => void): void {
    const { sizeBytes, sha256 } = this.#claims;
    if (sizeBytes !== undefined && this.#sizeBytes !== sizeBytes) {
      return done(badMedia(`${this.#sizeBytes} bytes came instead of ${sizeBytes}`));
    }
    if (sha256 !== undefined && this.#hash.digest('hex') !== sha256.toLowerCase())
      return done(badMedia('the hash is wrong'));
    done();
  }
}

/**
 * The same bytes, checked. Fails with a BridgeError `too_large` or `bad_media`, at the end at the latest: what was read before the stream
 * has ended may be wrong. An error of `stream` comes through as it is; whichever of the two is destroyed destroys the other.
 */
export function guard(stream: Readable, claims: Claims): Readable {
  // The error also destroys the stream that is returned: whoever reads it is told there.
  return pipeline(stream, new Guard(claims), () => undefined);
}
