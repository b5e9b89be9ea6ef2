// What may stand in a log line: turns any value into one without secrets, message text or phone numbers.

/** A key is hidden when one of its words is here … */
const SECRET_WORDS = new Set([
  'token', 'secret', 'password', 'passphrase', 'authorization', 'cookie', 'creds', 'credential', 'credentials', 'apikey',
  'signature', 'push', 'priv', 'private', 'privkey', 'jid', 'lid', 'phone', 'phones', 'qr', 'pairing', 'pushname', 'email', 'emails',
]); // prettier-ignore
/** … or its last word is one of these, which say something harmless in front of another word (`textLength`, `keyCount`). */
const PRIVATE_ENDINGS = new Set([
  'text', 'body', 'caption', 'content', 'number', 'numbers', 'parameters', 'participant', 'participants', 'plaintext', 'sql', 'query',
]); // prettier-ignore

const HIDDEN = '[hidden]';
const DEEPEST = 6;
const MOST_ITEMS = 50;
const LONGEST_STRING = 4_000;

/** Patterns that are hidden wherever they stand in a string, and what stands there instead. */
const SCRUBS: readonly (readonly [RegExp, string])[] = [
  // Slack tokens: xoxb-, xoxp-, xapp- and their kin.
  [/\bx(?:ox[a-z]|app)-[\w-]{4,}/gi, HIDDEN],
  // Discord bot tokens: three parts, of which the first is the bot's id in base64.
  [/\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}/g, HIDDEN],
  [/\b(Bearer|Bot|Basic) [\w.~+/=-]{8,}/g, `$1 ${HIDDEN}`],
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, HIDDEN],
  // Secrets in an address: before the host, as a parameter, in a Discord webhook's path.
  [/([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@]+@/gi, `$1${HIDDEN}@`],
  [/([?&](?:token|key|secret|code|state|sig|signature|password)=)[^&\s"']+/gi, `$1${HIDDEN}`],
  [/(\/webhooks\/\d+\/)[\w-]+/g, `$1${HIDDEN}`],
  // WhatsApp addresses, then bare international numbers.
  [/\b\d[\d:_.-]{0,40}@[a-z][a-z.]*\b/g, HIDDEN],
  [/\+\d[\d ().-]{6,17}\d/g, HIDDEN],
];

/** A string without tokens, passwords in addresses, WhatsApp addresses and phone numbers; cut at 4,000 characters. */
export function scrub(text: string): string {
  let clean = text.length > LONGEST_STRING ? `${text.slice(0, LONGEST_STRING)}…` : text;
  for (const [pattern, replacement] of SCRUBS) clean = clean.replace(pattern, replacement);
  return clean;
}

/** The fields of a log line as they may be written: secret keys hidden at any depth, strings scrubbed, bytes counted, errors told by kind. */
export function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactEntries(fields, 0, new Set());
}

function redactEntries(fields: object, depth: number, seen: Set<object>): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields).slice(0, MOST_ITEMS)) {
    const isTelling = value !== undefined && value !== null && typeof value !== 'boolean';
    clean[key] = isTelling && isPrivate(key) ? HIDDEN : redactValue(value, depth + 1, seen);
  }
  return clean;
}

function isPrivate(key: string): boolean {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word) => SECRET_WORDS.has(word)) || PRIVATE_ENDINGS.has(words.at(-1) ?? '');
}

function redactValue(value: unknown, depth: number, seen: Set<object>): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return value;
  if (depth > DEEPEST || seen.has(value)) return '[more]';
  seen.add(value);
  try {
    if (value instanceof Error) return redactError(value, depth, seen);
    if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => redactValue(item, depth + 1, seen));
    if (value instanceof Map || value instanceof Set) return `[${value.size} items]`;
    return redactEntries(value, depth, seen);
  } finally {
    seen.delete(value);
  }
}

/**
 * An error as its kind, code, sentence and place. Other fields stay out: SDK errors carry the request they sent, and
 * database errors carry the row.
 */
function redactError(error: Error, depth: number, seen: Set<object>): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    message: scrub(messageOf(error)),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(frames.length > 0 ? { stack: frames.map((line) => line.trim()).join('\n') } : {}),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1, seen) }),
    ...(error instanceof AggregateError ? { errors: redactValue(error.errors, depth + 1, seen) } : {}),
  };
}

/** The ORM puts the whole statement, values filled in, before the database's own words: `insert into … - duplicate key …`. */
function messageOf(error: Error): string {
  const isFromDatabase = 'severity' in error && 'routine' in error;
  const words = error.message;
  return isFromDatabase ? words.slice(words.lastIndexOf(' - ') + 1).replace(/^- /, '') : words;
}
