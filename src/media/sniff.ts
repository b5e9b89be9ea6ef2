// What a file is by its first bytes, whatever it claims. Reads marks only; nothing is decoded.

/** Enough of a file for `sniff`. */
export const SNIFF_BYTES = 256;

const MARKS: readonly (readonly [mark: string, type: string])[] = [
  ['\xFF\xD8\xFF', 'image/jpeg'],
  ['\x89PNG\r\n\x1A\n', 'image/png'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['\x1A\x45\xDF\xA3', 'video/webm'],
  ['OggS', 'audio/ogg'],
  ['ID3', 'audio/mpeg'],
  ['#!AMR', 'audio/amr'],
  ['fLaC', 'audio/flac'],
  ['%PDF-', 'application/pdf'],
  ['PK\x03\x04', 'application/zip'],
];
const RIFF: ReadonlyMap<string, string> = new Map([
  ['WEBP', 'image/webp'],
  ['WAVE', 'audio/wav'],
]);
const HTML = /^(?:\xEF\xBB\xBF)?\s*<(?:!doctype html|html|head|body|script)\b/iv;

/** ISO base media (MP4 and its kin): the brand tells them apart. */
function brandType(brand: string): string {
  if (brand.startsWith('M4A') || brand.startsWith('M4B')) return 'audio/mp4';
  if (brand.startsWith('3g')) return 'video/3gpp';
  if (brand.startsWith('qt')) return 'video/quicktime';
  if (['heic', 'heix', 'mif1', 'msf1'].includes(brand)) return 'image/heic';
  return brand === 'avif' ? 'image/avif' : 'video/mp4';
}

/** MPEG audio without tags begins with eleven set bits; the layer tells AAC (0) from MP3 (1) and MP2 (2). */
function audioType(first: number, second: number): string | undefined {
  if (first !== 0xff || (second & 0xe0) !== 0xe0) return undefined;
  if ((second & 0xf6) === 0xf0) return 'audio/aac';
  return (second & 0x06) === 0x02 || (second & 0x06) === 0x04 ? 'audio/mpeg' : undefined;
}

/** The type that the first bytes (`SNIFF_BYTES`, or the whole of a shorter file) show. Undefined for text and all that has no mark. */
export function sniff(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, SNIFF_BYTES)).toString('latin1');
  const marked = MARKS.find(([mark]) => head.startsWith(mark));
  if (marked !== undefined) return marked[1];
  if (head.startsWith('RIFF')) return RIFF.get(head.slice(8, 12));
  if (head.slice(4, 8) === 'ftyp') return brandType(head.slice(8, 12));
  if (HTML.test(head)) return 'text/html';
  return audioType(bytes[0] ?? 0, bytes[1] ?? 0);
}

const family = (type: string): string => type.slice(0, type.indexOf('/'));

/**
 * Whether a file may be handled as what it claims to be. Pictures, sound and film must show a mark of their family (sound and film share
 * containers), a PDF its own; a web page must not pass for anything else: it's what servers send in place of a file.
 */
export function isWhatItClaims(mimeType: string, bytes: Uint8Array): boolean {
  const claim = mimeType.trim().toLowerCase();
  const shown = sniff(bytes);
  if (claim.startsWith('application/pdf')) return shown === 'application/pdf';
  if (claim.startsWith('image/svg')) return shown === undefined;
  switch (family(claim)) {
    case 'image':
      return shown !== undefined && family(shown) === 'image';
    case 'audio':
    case 'video':
      return shown !== undefined && (family(shown) === 'audio' || family(shown) === 'video');
    default:
      return shown !== 'text/html' || claim.startsWith('text/');
  }
}
