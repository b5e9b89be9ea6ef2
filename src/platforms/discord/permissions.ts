// The permissions of Discord that the bot needs, hands on to people, and keeps for itself in its channels. Pure.

/** Bits as Discord numbers them, with the name its settings show; source: docs.discord.com, "Permissions". */
const BITS = {
  manageChannels: [4n, 'Manage Channels'],
  addReactions: [6n, 'Add Reactions'],
  viewChannel: [10n, 'View Channels'],
  sendMessages: [11n, 'Send Messages'],
  manageMessages: [13n, 'Manage Messages'],
  embedLinks: [14n, 'Embed Links'],
  attachFiles: [15n, 'Attach Files'],
  readHistory: [16n, 'Read Message History'],
  manageRoles: [28n, 'Manage Roles'],
  manageWebhooks: [29n, 'Manage Webhooks'],
  useCommands: [31n, 'Use Application Commands'],
  manageThreads: [34n, 'Manage Threads'],
  createPublicThreads: [35n, 'Create Public Threads'],
  createPrivateThreads: [36n, 'Create Private Threads'],
  sendInThreads: [38n, 'Send Messages in Threads'],
} as const;

type Bit = keyof typeof BITS;
export const ADMINISTRATOR = 1n << 3n;

const sum = (bits: readonly Bit[]): bigint => bits.reduce((all, bit) => all | (1n << BITS[bit][0]), 0n);

export const VIEW = sum(['viewChannel']);

const PERSON: readonly Bit[] = [
  'viewChannel',
  'sendMessages',
  'readHistory',
  'embedLinks',
  'attachFiles',
  'addReactions',
  'useCommands',
  'createPublicThreads',
  'sendInThreads',
];

/** What a person gets in a channel they belong to. */
export const FOR_PEOPLE = sum(PERSON);
/** What a person gets in the channel that holds private threads: to see it, and to write in those of their threads. */
export const FOR_THREAD_PEOPLE = sum([
  'viewChannel',
  'readHistory',
  'attachFiles',
  'addReactions',
  'useCommands',
  'sendInThreads',
]);
/** What the bot keeps in a channel that nobody else sees. Discord lets only administrators hand on Manage Roles in a channel. */
export const FOR_BOT = sum([
  ...PERSON,
  'manageChannels',
  'manageMessages',
  'manageWebhooks',
  'manageThreads',
  'createPrivateThreads',
]);

/** What the invitation of the bot asks for; polls, pins and voice messages included. */
export const INVITED = 2_885_516_601_191_504n;

/** The names of what is needed but missing. */
export function missing(granted: bigint): readonly string[] {
  if ((granted & ADMINISTRATOR) !== 0n) return [];
  return Object.values(BITS)
    .filter(([bit]) => (granted & (1n << bit)) === 0n)
    .map(([, name]) => name);
}
