// Starts the program, or another of its scripts: `node start.mjs [file.ts] [arguments…]`. Runs on older Node versions
// only to hand over to the Node that `npm install` brought along.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_NODE = 24;

const here = path.dirname(fileURLToPath(import.meta.url));
const [script = path.join(here, 'src', 'main.ts'), ...args] = process.argv.slice(2);
const file = path.resolve(script);
const isNewEnough = Number(process.versions.node.split('.')[0]) >= OLDEST_NODE;
const bundledNode = path.join(here, 'node_modules', ...bundledNodePath());

if (!existsSync(file)) {
  fail(`There is no file ${file}.`);
} else if (isNewEnough) {
  process.argv = [process.execPath, file, ...args];
  // Halves the processor time of a start.
  module.enableCompileCache();
  await import(pathToFileURL(file).href);
} else if (existsSync(bundledNode)) {
  handOver();
} else {
  fail(
    `This program needs Node.js ${OLDEST_NODE} or newer, and this is ${process.version}: install that, or run "npm install" to get one here.`,
  );
}

function bundledNodePath() {
  const isWindows = process.platform === 'win32';
  return isWindows ? [`node-win-${process.arch}`, 'bin', 'node.exe'] : ['.bin', 'node'];
}

/** Runs the script under the bundled Node, as if it were this process: same input and output, signals and end. */
function handOver() {
  const child = spawn(bundledNode, [file, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
  // Ctrl-C in a terminal reaches both processes; passing it on would make it two.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  child.once('error', (error) => fail(`Node.js could not be started from ${bundledNode}: ${error.message}`));
  child.once('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function fail(sentence) {
  console.error(sentence);
  process.exitCode = 1;
}
