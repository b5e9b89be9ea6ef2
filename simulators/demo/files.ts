// The files of the demo, made here: a picture, a sticker, voice notes and PDFs, each small, valid, and of our own making.
import sharp from 'sharp';

/** A file as people send it. */
export interface DemoFile {
  readonly name: string;
  readonly mimeType: string;
  readonly kind: 'image' | 'sticker' | 'voice' | 'document';
  readonly bytes: Buffer;
  /** Of sound. */
  readonly seconds?: number;
}

export type FileName = 'parcel' | 'cat' | 'question' | 'answer' | 'slip' | 'order' | 'receipt' | 'shelf';

/** Makes all of them. */
export async function makeFiles(): Promise<Readonly<Record<FileName, DemoFile>>> {
  const [parcel, shelf, cat] = await Promise.all([
    sharp(Buffer.from(PARCEL)).jpeg().toBuffer(),
    sharp(Buffer.from(SHELF)).png().toBuffer(),
    sharp(Buffer.from(CAT)).webp().toBuffer(),
  ]);
  return {
    parcel: { name: 'parcel.jpg', mimeType: 'image/jpeg', kind: 'image', bytes: parcel },
    shelf: { name: 'shelf.png', mimeType: 'image/png', kind: 'image', bytes: shelf },
    cat: { name: 'cat.webp', mimeType: 'image/webp', kind: 'sticker', bytes: cat },
    question: { ...sound(4), name: 'question.ogg' },
    answer: { ...sound(2), name: 'answer.ogg' },
    slip: { ...pdf('Delivery slip 4711'), name: 'Lieferschein 4711.pdf' },
    order: { ...pdf('Order 88'), name: 'ऑर्डर 88.pdf' },
    receipt: { ...pdf('Receipt 2041'), name: '領収書-2041.pdf' },
  };
}

const PARCEL = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240"><rect width="320" height="240" fill="#dfe9f3"/>
<path d="M60 90 160 50 260 90 260 180 160 220 60 180Z" fill="#c98f4e"/><path d="M60 90 160 130 260 90M160 130V220" stroke="#8a5a26" stroke-width="4" fill="none"/></svg>`;
const SHELF = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240"><rect width="320" height="240" fill="#fbf3df"/>
<path d="M20 110H300M20 200H300" stroke="#7a5230" stroke-width="10"/><rect x="50" y="60" width="40" height="45" fill="#5c8a5a"/><circle cx="170" cy="80" r="24" fill="#b5483c"/>
<rect x="220" y="140" width="50" height="55" fill="#3c6ca8"/></svg>`;
const CAT = `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512"><path d="M120 200 140 80 220 150H292L372 80 392 200Q420 420 256 430 92 420 120 200Z" fill="#f2a33a"/>
<circle cx="205" cy="250" r="22"/><circle cx="307" cy="250" r="22"/><path d="M236 310 256 330 276 310" stroke="#000" stroke-width="10" fill="none"/></svg>`;

/** One page with one line. */
function pdf(line: string): Omit<DemoFile, 'name'> {
  const drawing = `BT /F1 24 Tf 60 760 Td (${line}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${drawing.length} >>\nstream\n${drawing}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let text = '%PDF-1.4\n';
  const offsets: string[] = [];
  for (const [index, object] of objects.entries()) {
    offsets.push(`${String(text.length).padStart(10, '0')} 00000 n \n`);
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
  }
  const size = objects.length + 1;
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${offsets.join('')}`;
  const bytes = Buffer.from(
    `${text}${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`,
  );
  return { mimeType: 'application/pdf', kind: 'document', bytes };
}

const SAMPLE_RATE = 48_000;
const FRAMES_PER_SECOND = 50;
/** One Opus frame of 20 ms: full band, mono, silent (RFC 6716 §3.1). */
const QUIET_FRAME = Buffer.from([0xf8, 0xff, 0xfe]);

/** A voice note that says nothing: Opus in Ogg (RFC 7845). */
function sound(seconds: number): Omit<DemoFile, 'name'> {
  const head = Buffer.alloc(19);
  head.write('OpusHead');
  head.writeUInt8(1, 8);
  head.writeUInt8(1, 9);
  head.writeUInt32LE(SAMPLE_RATE, 12);
  const maker = Buffer.from('Switchboard demo');
  const tags = Buffer.concat([Buffer.from('OpusTags'), uint32(maker.length), maker, uint32(0)]);
  const pages = [page([head], 0, 0, FIRST), page([tags], 1, 0, 0)];
  for (let second = 1; second <= seconds; second += 1) {
    const frames = Array.from({ length: FRAMES_PER_SECOND }, () => QUIET_FRAME);
    pages.push(page(frames, second + 1, second * SAMPLE_RATE, second === seconds ? LAST : 0));
  }
  return { mimeType: 'audio/ogg; codecs=opus', kind: 'voice', bytes: Buffer.concat(pages), seconds };
}

const FIRST = 2;
const LAST = 4;
const CHECKSUM_AT = 22;

/** An Ogg page (RFC 3533 §6); every packet here is shorter than 255 bytes. `position` is in samples. */
function page(packets: readonly Buffer[], sequence: number, position: number, flags: number): Buffer {
  const header = Buffer.alloc(27);
  header.write('OggS');
  header.writeUInt8(flags, 5);
  header.writeBigUInt64LE(BigInt(position), 6);
  header.writeUInt32LE(1, 14);
  header.writeUInt32LE(sequence, 18);
  header.writeUInt8(packets.length, 26);
  const whole = Buffer.concat([header, Buffer.from(packets.map((packet) => packet.length)), ...packets]);
  whole.writeUInt32LE(checksum(whole), CHECKSUM_AT);
  return whole;
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  }
  return sum >>> 0;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
