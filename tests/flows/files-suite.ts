// Files from customers into a channel: every kind with its bytes, in order; what can't be fetched is said in words and holds up nothing.
import sharp from 'sharp';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeFiles, type DemoFile, type FileName } from '../../simulators/demo/files.ts';
import type { MediaKind, Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, fileIn, PATIENCE_MS, postWith, sha256, texts } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName } from './workspace.ts';

export function filesSuite(platform: PlatformName): void {
  let town: Town;
  let office: Phone;
  let files: Readonly<Record<FileName, DemoFile>>;
  let customers = 0;

  function customer(name: string): Phone {
    customers += 1;
    return town.whatsapp.createPhone({ number: `49160${10_000_000 + customers}`, name });
  }

  /** The beginning of an MP4 file, which is all that anybody here looks at. */
  const mp4 = (about: string): Buffer =>
    Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypmp42\0\0\0\0mp42isom'), Buffer.from(about)]);

  const hashesIn = (name: string): readonly string[] =>
    (channelOf(town.desk, name)?.posts ?? []).flatMap((post) => post.files.map(({ bytes }) => sha256(bytes)));

  beforeAll(async () => {
    town = await Town.build({ workspaces: [platform] });
    office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    town.desk.addPerson('Ana', 'ana@acme.test');
    files = await makeFiles();
    await town.start();
    await town.link(office);
  });

  afterAll(() => town.close());

  test('shows every kind of file with its bytes, among the texts around it, in order', async () => {
    const fay = customer('Files');
    const sent: readonly { kind: MediaKind; bytes: Buffer; details?: Parameters<Phone['sendMedia']>[3] }[] = [
      { kind: 'image', bytes: files.parcel.bytes, details: { caption: 'the *parcel*' } },
      { kind: 'video', bytes: mp4('a film'), details: { caption: 'a film', seconds: 75 } },
      { kind: 'gif', bytes: mp4('a joke') },
      { kind: 'audio', bytes: Buffer.concat([mp4('a song'), Buffer.alloc(300_000, 7)]), details: { seconds: 180 } },
      { kind: 'voice', bytes: files.question.bytes, details: { seconds: 4 } },
      {
        kind: 'document',
        bytes: files.slip.bytes,
        details: { fileName: files.slip.name, mimetype: 'application/pdf' },
      },
      {
        kind: 'document',
        bytes: files.order.bytes,
        details: { fileName: files.order.name, mimetype: 'application/pdf', caption: 'our order' },
      },
      { kind: 'sticker', bytes: files.cat.bytes },
    ];
    for (const [index, { kind, bytes, details }] of sent.entries()) {
      await fay.sendText(office, `text ${index}`);
      await fay.sendMedia(office, kind, bytes, details);
    }
    await fay.sendText(office, 'text 8');
    await postWith(town, 'files', 'text 8');
    await town.quiet();
    const posts = channelOf(town.desk, 'files')?.posts ?? [];
    const order = posts.flatMap((post) => {
      const text = /text \d/.exec(post.text)?.[0];
      const hashes = post.files.map(({ bytes }) => sha256(bytes));
      return [...(text === undefined ? [] : [text]), ...hashes];
    });
    const expected = sent.flatMap(({ bytes }, index) => [`text ${index}`, sha256(bytes)]);
    expect(order).toEqual([...expected, 'text 8']);
    const posted = posts.flatMap((post) => post.files);
    expect(posted[5]?.name).toBe(files.slip.name);
    expect(posted[6]?.name).toBe(files.order.name);
    expect(posted[0]?.name).toMatch(/\.jpe?g$/);
    expect(posted[4]?.name).toMatch(/\.(ogg|opus)$/);
    expect(posted[7]?.name).toMatch(/\.webp$/);
    for (const words of ['the parcel', 'a film', 'our order', 'GIF', '🎤 Voice message · 0:04', 'Sticker']) {
      expect
        .soft(
          posts.some(({ text }) => text.includes(words)),
          words,
        )
        .toBe(true);
    }
  });

  test('shows an album’s pictures, each once', async () => {
    const al = customer('Albert');
    const pictures = await Promise.all(
      ['red', 'green', 'blue'].map((background) =>
        sharp({ create: { width: 40, height: 30, channels: 3, background } })
          .jpeg()
          .toBuffer(),
      ),
    );
    await al.send(office, { albumMessage: { expectedImageCount: 3 } });
    for (const bytes of pictures) await al.sendMedia(office, 'image', bytes);
    await postWith(town, 'albert', 'Album: 3 photos');
    const last = sha256(pictures[2]);
    await fileIn(town, 'albert', (file) => sha256(file.bytes) === last);
    await town.quiet();
    expect(hashesIn('albert')).toEqual(pictures.map(sha256));
  });

  test('marks what can be viewed once and leaves its file on the phone', async () => {
    const vera = customer('Vera');
    await vera.sendMedia(office, 'image', files.parcel.bytes, { viewOnce: true });
    await vera.sendText(office, 'did you see it?');
    await postWith(town, 'vera', 'did you see it?');
    await town.quiet();
    expect(texts(channelOf(town.desk, 'vera'))[0]).toMatch(/once/);
    expect(hashesIn('vera')).toEqual([]);
  });

  const broken = [
    ['damaged on its way', 'Dora', { kind: 'corrupt' }],
    ['gone from the server', 'Gwen', { kind: 'status', status: 404 }],
    // The wait for the rest takes half a minute, and is the same wherever the file is to go.
    ...(platform === 'slack' ? [['cut short', 'Tess', { kind: 'truncated' }] as const] : []),
  ] as const;
  test.each(broken)(
    'a file %s is announced in words; what follows it comes',
    async (_what, name, fault) => {
      const phone = customer(name);
      onTestFinished(() => town.whatsapp.faults.clear());
      town.whatsapp.faults.media({ on: 'download', fault });
      await phone.sendMedia(office, 'document', files.slip.bytes, {
        fileName: 'slip.pdf',
        mimetype: 'application/pdf',
      });
      await phone.sendText(office, 'did it arrive?');
      await town.until(
        () => texts(channelOf(town.desk, name)).some((text) => text.includes('did it arrive?')),
        'what follows the file',
        2 * PATIENCE_MS,
      );
      const all = texts(channelOf(town.desk, name));
      expect(all.some((text) => text.includes('slip.pdf'))).toBe(true);
      expect(all.some((text) => text.includes('⚠'))).toBe(true);
      expect(all.at(-1)).toBe('did it arrive?');
    },
    180_000,
  );

  test('a file announced as larger than the place takes is a link to the team in its place, in order', async () => {
    const ivy = customer('Ivy');
    // More than any of the places takes.
    await ivy.sendMedia(office, 'document', files.slip.bytes, {
      fileName: 'film.pdf',
      mimetype: 'application/pdf',
      caption: 'the whole film',
      claimsBytes: 1_500_000_000,
    });
    await ivy.sendText(office, 'long, isn’t it?');
    await postWith(town, 'ivy', 'long, isn’t it?');
    await town.quiet();
    const { posts = [] } = channelOf(town.desk, 'ivy') ?? {};
    expect(posts.map(({ text }) => text)).toEqual([
      expect.stringContaining('📄 film.pdf'),
      expect.stringContaining('the whole film'),
      'long, isn’t it?',
    ]);
    expect(hashesIn('ivy')).toEqual([]);
    const link = /\((https?:\/\/\S+)\)/.exec(posts[0]?.text ?? '')?.[1] ?? '';
    const address = `${town.url}${new URL(link).pathname}`;
    expect((await fetch(address)).status).toBe(401);
  });

  test('a file that isn’t what its sender announced is not shown as if it were', async () => {
    const hal = customer('Hal');
    await hal.sendMedia(office, 'image', files.parcel.bytes, { claimsWrongHash: true, caption: 'look' });
    await hal.sendText(office, 'nice?');
    await postWith(town, 'hal', 'nice?');
    await town.quiet();
    expect(texts(channelOf(town.desk, 'hal')).join('\n')).toContain('⚠');
    expect(hashesIn('hal')).toEqual([]);
  });
}
