// Compiles what a Discord stand-in was asked, answered and told against the types that Discord's calls and events are documented by.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect } from 'vitest';
import type { DiscordSimulator, RequestRecord } from '../../simulators/discord/index.ts';
import type { DiscordShapes } from './discord-shapes.ts';

const root = path.join(import.meta.dirname, '../..');

/** Values that decide which of several types a value has. */
const TELLING = new Set(['type', 'style', 'component_type', 'button_style', 'locale', 'preferred_locale', 'features']);
/** So much of a value is shown beside a complaint. */
const SHOWN = 600;

/** One value, and where its type is in `DiscordShapes`. */
interface Sample {
  readonly name: string;
  readonly place: readonly [part: keyof DiscordShapes, ...rest: string[]];
  readonly value: unknown;
}

/** What a guild was asked, answered and told. */
export type Recorded = Pick<DiscordSimulator, 'requests'> & {
  readonly guild: Pick<DiscordSimulator['guild'], 'applicationId'>;
  readonly events: Pick<DiscordSimulator['events'], 'deliveries'>;
};

/** What guilds were asked, answered and told: of each structure one sample. */
export class ShapeRecord {
  readonly #samples = new Map<string, Sample>();
  readonly #calls = new Set<string>();

  /** Takes over what is new. */
  add(recorded: Recorded): void {
    for (const sample of samplesOf(recorded)) {
      const [, name] = sample.place;
      if (sample.place[0] === 'call' && name !== undefined) this.#calls.add(name);
      const { form, lean } = leanOf(sample.value);
      const key = `${sample.place.join(' ')} ${form}`;
      if (!this.#samples.has(key)) this.#samples.set(key, { ...sample, value: lean });
    }
  }

  /** Names of the calls, each once. */
  get calls(): readonly string[] {
    return [...this.#calls].toSorted();
  }

  /**
   * What isn't as Discord documents it, a line each; empty when all is. A call that has no types is named. `complete`: so is
   * one that has, but that nobody made.
   */
  async faults({ complete = false }: { readonly complete?: boolean } = {}): Promise<string[]> {
    const samples = [...this.#samples.values()];
    const lines = samples.map(({ place, value }) => {
      const type = place.map((part) => `[${JSON.stringify(part)}]`).join('');
      return `(${value === undefined ? 'undefined' : JSON.stringify(value)}) satisfies DiscordShapes${type};`;
    });
    const calls = this.calls.map((name) => JSON.stringify(name)).join(' | ');
    if (complete)
      lines.push(`({} as { [Name in ${calls}]: Name }) satisfies { [Name in keyof DiscordShapes['call']]: Name };`);
    if (lines.length === 0) return [];
    return (await compile(lines)).map(({ line, complaint }) => {
      const sample = samples[line];
      if (sample === undefined) return complaint;
      return `${sample.name}: ${complaint} In ${(JSON.stringify(sample.value) ?? 'nothing').slice(0, SHOWN)}`;
    });
  }
}

/** All that the stand-ins of this test file were asked, answered and told; see `keepShapes`. */
export const shapes = new ShapeRecord();

/** To be called by what starts stand-ins for tests: the file fails when something in `shapes` isn't as Discord documents it. */
export function keepShapes(): void {
  afterAll(async () => {
    expect(await shapes.faults(), 'what isn’t as Discord documents it').toEqual([]);
  });
}

function samplesOf({ requests, guild, events }: Recorded): Sample[] {
  const calls = requests.flatMap((record): Sample[] => {
    const name = nameOf(guild, record);
    const query = Object.fromEntries(new URLSearchParams(record.path.split('?')[1] ?? ''));
    const samples: Sample[] = [{ name: `the query of ${name}`, place: ['call', name, 'query'], value: query }];
    if (record.body !== undefined)
      samples.push({ name: `the body of ${name}`, place: ['call', name, 'body'], value: record.body });
    if (record.applied)
      samples.push({ name: `the answer to ${name}`, place: ['call', name, 'answer'], value: record.answer });
    if (record.refusal !== undefined)
      samples.push({ name: `the refusal of ${name}`, place: ['refusal'], value: record.refusal });
    return samples;
  });
  return [...calls, ...events.deliveries.map(({ t, d }): Sample => ({ name: t, place: ['event', t], value: d }))];
}

/** An answer to an interaction goes to a webhook with the app's id. */
function nameOf(guild: Recorded['guild'], { operation, params, method, path: address }: RequestRecord): string {
  if (operation === 'execute_webhook' && params['webhook'] === guild.applicationId) return 'follow_up';
  return operation === '' ? `${method} ${address}` : operation;
}

/** The structure of a value, and the value with one element of each structure in its lists. */
function leanOf(value: unknown, field = ''): { readonly form: string; readonly lean: unknown } {
  if (Array.isArray(value)) {
    const elements = new Map(value.map((each: unknown) => leanOf(each, field)).map(({ form, lean }) => [form, lean]));
    return { form: `[${[...elements.keys()].toSorted().join()}]`, lean: [...elements.values()] };
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, each]) => each !== undefined);
    const parts = fields.map(([name, each]) => ({ name, ...leanOf(each, name) }));
    const forms = parts.map(({ name, form }) => `${/^\d+$/.test(name) ? '0' : name}:${form}`);
    return {
      form: `{${forms.toSorted().join()}}`,
      lean: Object.fromEntries(parts.map(({ name, lean }) => [name, lean])),
    };
  }
  const isTelling = typeof value === 'boolean' || TELLING.has(field);
  return { form: isTelling ? JSON.stringify(value) : value === null ? 'null' : typeof value, lean: value };
}

interface Complaint {
  /** From 0. */
  readonly line: number;
  readonly complaint: string;
}

async function compile(lines: readonly string[]): Promise<Complaint[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'switchboard-shapes-'));
  try {
    const types = path.join(import.meta.dirname, 'discord-shapes.ts').replaceAll('\\', '/');
    await writeFile(
      path.join(folder, 'recorded.mts'),
      [`import type { DiscordShapes } from ${JSON.stringify(types)};`, ...lines].join('\n'),
    );
    const options = { extends: path.join(root, 'tsconfig.json'), compilerOptions: { types: [] }, include: ['*.mts'] };
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(options));
    return complaintsIn(await runCompiler(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the compiler said; throws when it could not be run. */
async function runCompiler(folder: string): Promise<string> {
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '--project', folder, '--pretty', 'false'];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }, (error, output, errors) => {
      if (error === null || output !== '') resolve(output);
      else reject(new Error(`the compiler failed: ${errors}`, { cause: error }));
    });
  });
}

function complaintsIn(output: string): Complaint[] {
  const complaints: Complaint[] = [];
  for (const line of output.split('\n')) {
    const [, number, said] = /^\S*recorded\.mts\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
    const last = complaints.at(-1);
    // The import is the first line.
    if (number !== undefined) complaints.push({ line: Number(number) - 2, complaint: said ?? '' });
    else if (last !== undefined && line.startsWith(' '))
      complaints.splice(-1, 1, { ...last, complaint: `${last.complaint} ${line.trim()}` });
    else if (line.trim() !== '') complaints.push({ line: -1, complaint: line });
  }
  return complaints;
}
