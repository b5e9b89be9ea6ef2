// What kind of file it is, by its claim and by its first bytes, and a name that is safe anywhere. Pure; nothing decodes a file.
import { firstCharacters } from '../domain/characters.ts';
import type { MediaKind } from '../domain/content.ts';

const NAME_MAX = 120;
const OFFICE = 'application/vnd.openxmlformats-officedocument';

/** By type: the extension it gets, then those it may have. */
const EXTENSIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['image/jpeg', ['jpg', 'jpeg', 'jpe', 'jfif']],
  ['image/png', ['png']],
  ['image/webp', ['webp']],
  ['image/gif', ['gif']],
  ['image/heic', ['heic']],
  ['video/mp4', ['mp4', 'm4v']],
  ['video/3gpp', ['3gp', '3gpp']],
  ['video/quicktime', ['mov']],
  ['video/webm', ['webm']],
  ['audio/ogg', ['ogg', 'oga', 'opus']],
  ['audio/mpeg', ['mp3']],
  ['audio/mp4', ['m4a', 'mp4']],
  ['audio/aac', ['aac']],
  ['audio/amr', ['amr']],
  ['audio/wav', ['wav']],
  ['application/pdf', ['pdf']],
  ['application/zip', ['zip']],
  ['application/json', ['json']],
  ['application/rtf', ['rtf']],
  ['application/msword', ['doc']],
  [`${OFFICE}.wordprocessingml.document`, ['docx']],
  ['application/vnd.ms-excel', ['xls', 'csv']],
  [`${OFFICE}.spreadsheetml.sheet`, ['xlsx']],
  ['application/vnd.ms-powerpoint', ['ppt']],
  [`${OFFICE}.presentationml.presentation`, ['pptx']],
  ['text/plain', ['txt', 'log', 'md', 'csv', 'json', 'xml', 'yaml', 'yml', 'ini', 'srt', 'vcf', 'ics']],
  ['text/csv', ['csv']],
  ['text/html', ['html', 'htm']],
  ['text/vcard', ['vcf']],
  ['text/calendar', ['ics']],
]);

/** Types that say nothing: the name's extension tells more. */
const VAGUE = new Set(['', 'application/octet-stream', 'binary/octet-stream']);
const VIDEO = new Set(['video/mp4', 'video/3gpp']);
const IMAGE = new Set(['image/jpeg', 'image/png', 'image/webp']);
// Names that Windows keeps for devices, whatever their extension.
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/iv;

function bareType(mimeType: string): string {
  const type = (mimeType.split(';', 1)[0] ?? '').trim().toLowerCase();
  return type === 'image/jpg' ? 'image/jpeg' : type;
}

function extensionOf(name: string): string {
  return /\.([\p{L}\p{N}]{1,10})$/v.exec(name)?.[1]?.toLowerCase() ?? '';
}

function typeOf(mimeType: string, name: string): string {
  const type = bareType(mimeType);
  if (!VAGUE.has(type)) return type;
  const extension = extensionOf(name);
  return (
    [...EXTENSIONS].find(([, extensions]) => extensions[0] === extension || extensions[1] === extension)?.[0] ?? type
  );
}

/** As what a file that an agent posted goes out. A picture that moves goes as a document, for WhatsApp's own GIFs are videos. */
export function mediaKindOf(mimeType: string, name: string): MediaKind {
  const type = typeOf(mimeType, name);
  if (IMAGE.has(type)) return 'image';
  if (VIDEO.has(type)) return 'video';
  if (type === 'audio/ogg' && !/vorbis|flac/iv.test(mimeType)) return 'voice';
  return type.startsWith('audio/') ? 'audio' : 'document';
}

export interface NamedFile {
  readonly media: MediaKind;
  /** As the sender gave it. */
  readonly name?: string;
  readonly mimeType: string;
  readonly at: Date;
}

/**
 * A file name without a path, nothing invisible or reserved in it, at most 120 characters, with an extension of its type (a type we don't
 * know keeps the one it has). A file without a name is called by its kind and time: `image-20260806-140305.jpg`, UTC.
 */
export function fileName(file: NamedFile): string {
  const given = (file.name ?? '')
    .replace(/^.*[\/\\]/sv, '')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gv, '')
    .replaceAll(/[<>:"\|?*]/gv, '_')
    .replaceAll(/^[.\s]+|(?<![.\s])[.\s]+$/gv, '');
  const stem =
    given === ''
      ? `${file.media}-${file.at.toISOString().slice(0, 19).replaceAll(/[\-:]/gv, '').replace('T', '-')}`
      : given;
  const has = extensionOf(stem);
  const allowed = EXTENSIONS.get(typeOf(file.mimeType, stem));
  const isRight = allowed === undefined ? has !== '' : allowed.includes(has);
  const extension = isRight ? has : (allowed?.[0] ?? 'bin');
  const bare = isRight ? stem.slice(0, -has.length - 1) : stem;
  const safe = RESERVED.test(bare) || bare === '' ? `_${bare}` : bare;
  return `${firstCharacters(safe, NAME_MAX - extension.length - 1)}.${extension}`;
}
