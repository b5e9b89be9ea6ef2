// `npm run bench:relay`: what the road from WhatsApp to Slack costs, beside a bare loop on the same simulators; prints the tables of
// docs/performance.md. Linux only: it reads /proc. `npm run bench:relay -- --quick memory`: few of everything, only the named parts. Other
// options go to the Node that is measured, as `--cpu-prof`.
import { catchUp, memory } from './relay-amounts.ts';
import { compared } from './relay-compared.ts';
import { isolation } from './relay-isolation.ts';
import { RelayWorld } from './relay-world.ts';
import { machine } from './support.ts';

const args = process.argv.slice(2);
const isQuick = args.includes('--quick');
const named = args.filter((arg) => !arg.startsWith('-'));
const nodeOptions = args.filter((arg) => arg.startsWith('-') && arg !== '--quick');

const parts: Readonly<Record<string, () => Promise<string>>> = {
  compared: () => compared({ rounds: isQuick ? 1 : 3, burst: isQuick ? 200 : 500, seconds: isQuick ? 2 : 4 }, nodeOptions),
  isolation: () => isolation({ rounds: isQuick ? 1 : 5, seconds: isQuick ? 2 : 6 }),
  memory: () => memory(isQuick ? [1, 5] : [1, 20, 100]),
  catchUp: () => catchUp(isQuick ? { free: 200, limited: 100 } : { free: 2_000, limited: 500 }),
}; // prettier-ignore

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const unknown = named.find((name) => parts[name] === undefined);
if (unknown !== undefined) throw new Error(`there is no part ${unknown}: ${Object.keys(parts).join(', ')}`);

say(`${machine()}\n`);
const startedAtMs = performance.now();
try {
  for (const [name, part] of Object.entries(parts)) {
    if (named.length === 0 || named.includes(name)) say(`${await part()}\n`);
  }
} finally {
  await RelayWorld.closeAll();
}
say(`${machine()}; ${((performance.now() - startedAtMs) / 60_000).toFixed(1)} minutes`);
process.exit(0);
