// DATABASE_URL and back.
import { expect, test } from 'vitest';
import { formatDatabaseUrl, parseDatabaseUrl } from '../../../src/runtime/database-url.ts';

test.each([
  ['postgres://ana@db/main', { host: 'db', port: 5432, user: 'ana', dbName: 'main' }],
  [
    'postgresql://ana:s%40crt%2F@10.0.0.7:6543/main',
    { host: '10.0.0.7', port: 6543, user: 'ana', password: 's@crt/', dbName: 'main' },
  ],
  ['postgres://ana@[::1]:5433/main', { host: '::1', port: 5433, user: 'ana', dbName: 'main' }],
  [
    'postgres://ana@localhost/main?host=/var/run/postgresql',
    { host: '/var/run/postgresql', port: 5432, user: 'ana', dbName: 'main' },
  ],
  [
    'postgres:///main?host=/tmp/a%20b&user=ana&password=x&port=7',
    { host: '/tmp/a b', port: 7, user: 'ana', password: 'x', dbName: 'main' },
  ],
  ['postgres://ana@db/main?sslmode=disable', { host: 'db', port: 5432, user: 'ana', dbName: 'main' }],
  [
    'postgres://ana@db/main?sslmode=require&channel_binding=require',
    { host: 'db', port: 5432, user: 'ana', dbName: 'main', ssl: { rejectUnauthorized: false } },
  ],
  [
    'postgres://ana@db/main?sslmode=verify-full',
    { host: 'db', port: 5432, user: 'ana', dbName: 'main', ssl: { rejectUnauthorized: true } },
  ],
])('%s is read', (url, address) => {
  expect(parseDatabaseUrl(url)).toEqual(address);
  expect(parseDatabaseUrl(formatDatabaseUrl(address))).toEqual(address);
});

test.each([
  ['', 'not an address'],
  ['main', 'not an address'],
  ['mysql://ana@db/main', 'does not begin with'],
  ['postgres://ana@db', 'names no database'],
  ['postgres://db/main', 'names no user'],
  ['postgres://ana:10%@db/main', 'begins no escape'],
  ['postgres://ana@db/main?sslmode=maybe', 'sslmode'],
])('%j is refused, in words without the address', (url, words) => {
  expect(() => parseDatabaseUrl(url)).toThrow(words);
});
