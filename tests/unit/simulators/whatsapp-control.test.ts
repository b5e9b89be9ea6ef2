// The WhatsApp simulator as a process of its own, moved over HTTP, with a real Baileys client; and that the client's state outlives nothing but the client.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bodyOf, Client, until } from './whatsapp-client.ts';

interface Ready {
  readonly url: string;
  readonly noiseRoot: string;
  readonly mediaCaFile: string;
  readonly control: string;
}

let child: ChildProcess;
let ready: Ready;

beforeAll(async () => {
  const program = fileURLToPath(new URL('../../../simulators/whatsapp/control.ts', import.meta.url));
  child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (!child.stdout) throw new Error('no output');
  const [line] = (await Promise.race([
    new Promise((resolve) =>
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', (text) => resolve([text])),
    ),
    new Promise((_resolve, reject) => child.once('exit', () => reject(new Error('the simulator ended')))),
  ])) as [string];
  ready = JSON.parse(line) as Ready;
}, 20_000);

afterAll(async () => {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
});

async function move(path: string, body: unknown = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`${ready.control}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
}

test('phones are made, scan, write and show their inbox over HTTP', async () => {
  await move('/phones', { number: '4915112345678', name: 'Shop' });
  const { lid } = await move('/phones', { number: '491701111111', name: 'Ada' });
  const client = new Client({ url: ready.url });
  const run = client.connect();
  await until(() => run.qr.length > 0);
  expect(await move('/phones/4915112345678/scan', { qr: run.qr[0] })).toEqual({ deviceId: 1 });
  await until(() => run.closeCode !== undefined);
  await client.login();
  const { id } = await move('/phones/491701111111/text', { to: '4915112345678', text: 'Over HTTP' });
  await until(() => client.last.messages.some((message) => message.key.id === id && bodyOf(message) === 'Over HTTP'));
  await client.socket.sendMessage(String(lid), { text: 'And back' });
  const inbox = async (): Promise<unknown> => move('/phones/491701111111/inbox');
  await expect.poll(inbox).toEqual(expect.arrayContaining([expect.objectContaining({ text: 'And back', copies: 1 })]));
  await client.close();
});

test('an impossible move is answered with its reason', async () => {
  expect(await move('/phones/000/inbox')).toEqual({ error: 'there is no phone with the number 000' });
  expect(await move('/phones', { name: 'No number' })).toEqual({ error: '"number" must be a text' });
});
