// Faults to plant: each takes the place of a few words of the program's source, in a test run only, and must turn a test red.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Plant {
  readonly name: string;
  /** Within `src/`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly instead: string;
  /** The test that must fail, and with what. */
  readonly caughtBy: { readonly file: string; readonly test: string; readonly saying: RegExp };
}

const src = fileURLToPath(new URL('../../src/', import.meta.url));

const durability = 'tests/unit/platforms/whatsapp/durability.test.ts';
const failingPosts = {
  file: 'tests/flows/catch-up.slack.test.ts',
  test: 'a post that fails in whatever way is there once, and in its place',
  saying: /AssertionError/,
};

/** Caught without starting the program: a few of them run with every `npm test`. */
const quick: readonly Plant[] = [
  {
    name: 'acknowledge to WhatsApp before the commit',
    file: 'platforms/whatsapp/keys.ts',
    find: 'if (changes.length > 0 || arrivals.length > 0) await this.record(arrivals, changes);',
    instead: 'void this.record(arrivals, changes).catch(() => undefined);',
    caughtBy: {
      file: 'tests/contract/whatsapp.test.ts',
      test: 'acknowledges nothing before it is stored',
      saying: /expected true to be false/,
    },
  },
  {
    name: 'do not know again what arrived before',
    file: 'platforms/whatsapp/intake.ts',
    find: 'const arrivalKey = cipherKey(ciphertext);',
    instead: 'const arrivalKey = `${cipherKey(ciphertext)}${Math.random()}`;',
    caughtBy: {
      file: durability,
      test: 'answers what comes again from the store, without a retry',
      saying: /AssertionError/,
    },
  },
  {
    name: 'drop what WhatsApp kept while we were away',
    file: 'platforms/whatsapp/intake.ts',
    find: '    onStanza();\n',
    instead: "    onStanza();\n    if (node.tag === 'message' && node.attrs['offline'] !== undefined) return;\n",
    caughtBy: {
      file: durability,
      test: 'loses nothing of a backlog of 20 when the connection breaks after 1 stanzas',
      saying: /./,
    },
  },
  {
    name: 'acknowledge to Slack before it is stored',
    file: 'platforms/slack/intake.ts',
    find: 'await this.#hold(this.#takeEvent(body));\n        await ack();',
    instead: 'await ack();\n        await this.#hold(this.#takeEvent(body));',
    caughtBy: {
      file: 'tests/unit/platforms/slack/http.test.ts',
      test: 'leaves unanswered what could not be stored, and takes the second telling',
      saying: /waited 5000 ms for the second telling/,
    },
  },
  {
    name: 'only add people to channels',
    file: 'platforms/slack/members.ts',
    find: 'for (const [index, user] of users.entries()) {\n    work.note(user, true);',
    instead: 'for (const [index, user] of users.slice(0, 0).entries()) {\n    work.note(user, true);',
    caughtBy: {
      file: 'tests/contract/slack.test.ts',
      test: 'makes a channel hold exactly the people wanted',
      saying: /AssertionError/,
    },
  },
  {
    name: 'act without asking the lease',
    file: 'runtime/lease.ts',
    find: '    const term = this.#term;\n    return (',
    instead: '    const term = this.#term;\n    if (term !== undefined) return true;\n    return (',
    caughtBy: {
      file: 'tests/unit/runtime/lease.test.ts',
      test: 'without a database the holder stops at 0.8 of the lease time, and goes on with the same fence when nobody took over',
      saying: /AssertionError/,
    },
  },
];

const slow: readonly Plant[] = [
  {
    name: 'post again without looking',
    file: 'bridge/posting.ts',
    find: 'if (mayBeDone) {',
    instead: 'if (mayBeDone && false) {',
    caughtBy: failingPosts,
  },
  {
    name: 'let others pass a head that failed',
    file: 'store/delivery.ts',
    find: ".where('state', 'in', ['queued', 'sending'])\n      .orderBy('seq')",
    instead: ".where('state', 'in', ['queued', 'sending'])\n      .orderBy('attempts').orderBy('seq')",
    caughtBy: failingPosts,
  },
  {
    name: 'swallow a failure of the platform',
    file: 'bridge/deliver.ts',
    find: 'return this.#failed(lane, delivery, fence, asBridgeError(error));',
    instead:
      "if (asBridgeError(error).code !== 'unreachable') return this.#failed(lane, delivery, fence, asBridgeError(error));",
    caughtBy: failingPosts,
  },
  {
    name: 'settle before the answer',
    file: 'bridge/deliver.ts',
    find: 'await this.#perform({',
    instead: 'void Promise.resolve().catch(() => undefined); this.#perform({',
    caughtBy: failingPosts,
  },
  {
    name: 'ask the policy when a reply is recorded only',
    file: 'bridge/to-messenger.ts',
    find: 'if (message.agentId === null) return;',
    instead: 'if (message.agentId !== undefined) return;',
    caughtBy: {
      file: 'tests/flows/lines.test.ts',
      test: 'whoever loses the chat before a reply has left sends nothing any more, and reads why',
      saying: /AssertionError/,
    },
  },
  {
    name: 'choose a new id for each try',
    file: 'bridge/to-messenger.ts',
    find: 'messenger.send(message.accountId, address, message.remoteId, content)',
    instead: 'messenger.send(message.accountId, address, messenger.newMessageId(message.accountId), content)',
    caughtBy: {
      file: 'tests/flows/lines.test.ts',
      test: 'a link that dies before the confirmation: the customer has the reply once, and the line says so',
      saying: /AssertionError/,
    },
  },
  {
    name: 'do not read what was missed',
    file: 'bridge/listening.ts',
    find: 'await this.#catchUp();',
    instead: '',
    caughtBy: {
      file: 'tests/flows/catch-up.slack.test.ts',
      test: 'replies, edits and deletions whose events were lost are found by reading, and sent once',
      saying: /and close at five|did not|waited/i,
    },
  },
];

/** Caught by a short life on the stand-ins of both platforms, after the step that the message names last. */
const caughtInLife = (saying: RegExp): Plant['caughtBy'] => ({
  file: 'tests/flows/access-model.test.ts',
  test: 'a short life in which every rule has something to do goes as the model says',
  saying,
});

/** Faults of access that show in the very step: one of them runs with every `npm test`. */
const access: readonly Plant[] = [
  {
    name: 'forget that a grant ends',
    file: 'access/changes.ts',
    find: 'at: now, until: change.until ?? null }',
    instead: 'at: now, until: null }',
    caughtBy: caughtInLife(/an hour passes\n/),
  },
  {
    name: 'ask the policy of a reply at its receipt only',
    file: 'bridge/to-messenger.ts',
    find: 'if (message.agentId === null) return;',
    instead: 'if (message.agentId !== undefined) return;',
    caughtBy: caughtInLife(/the number is back → quiet\n/),
  },
  {
    name: 'leave access when a label is taken off',
    file: 'store/label.ts',
    find: 'where label_id = ${id} and chat_id = any(',
    instead: 'where false and label_id = ${id} and chat_id = any(',
    caughtBy: caughtInLife(/unlabel VIP 1\n/),
  },
  {
    name: 'let the deactivated go on',
    file: 'access/policy.ts',
    find: "    case 'deactivated':\n      return { allowed: false, refusal: person.status };\n    case 'active':",
    instead: "      return { allowed: false, refusal: person.status };\n    case 'deactivated':\n    case 'active':",
    caughtBy: caughtInLife(/deactivate cy\n/),
  },
];

/** Those that show when something is waited for in vain. */
const slowAccess: readonly Plant[] = [
  {
    name: 'let people in and nobody out',
    file: 'access/reconcile.ts',
    find: 'const report = await platform.setUsers(mirror.channelId, wanted, kept);',
    instead:
      "for (const { userId, state } of users) if (state === 'in') wanted.add(userId);\n      const report = await platform.setUsers(mirror.channelId, wanted, kept);",
    caughtBy: caughtInLife(/unlabel VIP 1 → the channels follow\n/),
  },
  {
    name: 'do not notice who is let in by hand',
    file: 'access/presence.ts',
    find: 'await store.read.mirrors.markStale({ id: mirror.id }, clock.now(), true);',
    instead: '',
    caughtBy: caughtInLife(/eve is let into slack 0 by hand → the channels follow\n/),
  },
  {
    name: 'tell nothing of what is still to be done',
    file: 'access/access.ts',
    find: 'return this.#parts.store.read.mirrors.staleCounts();',
    instead: 'return Promise.resolve([]);',
    caughtBy: {
      file: 'tests/flows/progress.test.ts',
      test: 'somebody loses seventy chats at once: refused at once, out at Slack’s pace, and the answer tells how far it is',
      saying: /AssertionError/,
    },
  },
];

export const plants = { quick, access, all: [...quick, ...slow, ...access, ...slowAccess] };

/** What a file's source becomes with the plant named in PLANT; undefined when the plant isn't in this file. */
export function planted(file: string, source: string): string | undefined {
  const plant = plants.all.find(({ name }) => name === process.env['PLANT']);
  if (plant === undefined) throw new Error(`There is no plant “${process.env['PLANT']}”.`);
  return path.resolve(file) === path.join(src, plant.file) ? plantIn(plant, source) : undefined;
}

function plantIn({ name, file, find, instead }: Plant, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(`“${name}” finds its place in ${file} ${parts.length - 1} times: plant it anew.`);
  }
  return parts.join(instead);
}

/** Throws when the words that the plant replaces aren't in the source any more. */
export function checkPlace(plant: Plant): void {
  plantIn(plant, readFileSync(path.join(src, plant.file), 'utf8'));
}
