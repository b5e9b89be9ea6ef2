// Preloaded into the program by restart tests: counts every write to the database, call to Slack or Discord and frame on a socket, and ends the process at one.
import { appendFileSync } from 'node:fs';
import pg from 'pg';
import { Agent } from 'undici';
import { WebSocket } from 'ws';

/** Which point to die at, from 1; 0 dies at no number. */
const dieAt = Number(process.env.CRASH_AT ?? 0);
/** Dies at the first point of this name. */
const dieAtName = process.env.CRASH_NAME;
/** Where to write the name of each point passed. */
const log = process.env.CRASH_LOG;

let count = 0;

function point(name) {
  count += 1;
  if (log !== undefined) appendFileSync(log, `${name}\n`);
  if (count === dieAt || name === dieAtName) process.kill(process.pid, 'SIGKILL');
}

/** Reads change nothing; the lease and the taking and giving back of lanes happen all the time. */
function nameOfStatement(query) {
  const text = (typeof query === 'string' ? query : (query?.text ?? '')).trim().toLowerCase().replaceAll('"', '');
  if (
    /^(select|show|set|begin|start)/.test(text) ||
    text.includes(' lease') ||
    text.startsWith('update lane set fence')
  )
    return undefined;
  return text.split(/\s+/).slice(0, 3).join(' ').slice(0, 40);
}

const query = pg.Client.prototype.query;
pg.Client.prototype.query = function (...args) {
  const name = nameOfStatement(args[0]);
  if (name === undefined || typeof args.at(-1) === 'function') return query.apply(this, args);
  point(`before db ${name}`);
  const result = query.apply(this, args);
  return typeof result?.then !== 'function'
    ? result
    : result.then((value) => {
        point(`after db ${name}`);
        return value;
      });
};

/** Slack's calls end with their method's name; of Discord's, ids and tokens are left out. */
function nameOfCall({ method, path }) {
  const [route = ''] = path.split('?');
  if (!route.startsWith('/api/v10/')) return `slack ${route.split('/').pop()}`;
  const steps = route.slice('/api/v10/'.length).split('/');
  return `discord ${method} ${steps.filter((step) => /^[a-z@-]{1,30}$/.test(step)).join(' ')}`;
}

const dispatch = Agent.prototype.dispatch;
Agent.prototype.dispatch = function (options, handler) {
  const name = nameOfCall(options);
  point(`before ${name}`);
  const ended = new Proxy(handler, {
    get: (target, key) => {
      const value = Reflect.get(target, key);
      if (key !== 'onResponseEnd') return typeof value === 'function' ? value.bind(target) : value;
      return (...args) => {
        point(`after ${name}`);
        return value.apply(target, args);
      };
    },
  });
  return dispatch.call(this, options, ended);
};

const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data, ...rest) {
  const done = typeof rest.at(-1) === 'function' ? rest.pop() : undefined;
  point('before a frame');
  return send.call(this, data, ...rest, (error) => {
    point('after a frame');
    done?.(error);
  });
};

const emit = WebSocket.prototype.emit;
WebSocket.prototype.emit = function (event, ...rest) {
  if (event !== 'message') return emit.call(this, event, ...rest);
  point('before a frame is read');
  const wasHeard = emit.call(this, event, ...rest);
  point('after a frame is read');
  return wasHeard;
};
