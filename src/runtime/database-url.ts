// DATABASE_URL ↔ the fields a PostgreSQL client wants, unix sockets included.

/** Where a database is and who asks for it. `host` is a name, an address, or the absolute path of a socket's folder. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly dbName: string;
  /** Absent: no TLS. */
  readonly ssl?: { readonly rejectUnauthorized: boolean };
}

/** A database address that can't be read; the message is a sentence without the address, which may hold a password. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError';
}

const DEFAULT_PORT = 5432;

/**
 * Reads `postgres://user:password@host:port/database`, and as libpq does a socket's folder as a parameter:
 * `postgres://user@localhost/database?host=/var/run/postgresql`. `sslmode` is `disable` (also: absent, allow, prefer),
 * `require` or `no-verify` (TLS, certificate unchecked, as libpq has it), `verify-ca` or `verify-full`. Other
 * parameters are left aside. Throws DatabaseUrlError.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  if (!URL.canParse(text))
    throw new DatabaseUrlError('It is not an address like postgres://user:password@host:5432/database.');
  const url = new URL(text);
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw new DatabaseUrlError('It does not begin with postgres:// or postgresql://.');
  }
  const dbName = decode(url.pathname.slice(1));
  if (dbName === '') throw new DatabaseUrlError('It names no database (…/name at its end).');
  const user = decode(url.username) || url.searchParams.get('user');
  if (!user) throw new DatabaseUrlError('It names no user (postgres://user@…).');
  const password = decode(url.password) || url.searchParams.get('password');
  const ssl = readSslMode(url.searchParams);
  return {
    host: url.searchParams.get('host') || url.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: Number(url.port || url.searchParams.get('port') || DEFAULT_PORT),
    user,
    ...(password ? { password } : {}),
    dbName,
    ...(ssl === undefined ? {} : { ssl }),
  };
}

/** Writes an address that `parseDatabaseUrl` (and psql) reads back the same. */
export function formatDatabaseUrl(address: DatabaseAddress): string {
  const { host, port, user, password, dbName, ssl } = address;
  const isSocket = host.startsWith('/');
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
  const place = isSocket ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const parameters = new URLSearchParams();
  if (isSocket) parameters.set('host', host);
  if (ssl !== undefined) parameters.set('sslmode', ssl.rejectUnauthorized ? 'verify-full' : 'require');
  const query = parameters.size === 0 ? '' : `?${parameters.toString().replaceAll('%2F', '/')}`;
  return `postgres://${encodeURIComponent(user)}${secret}@${place}:${port}/${encodeURIComponent(dbName)}${query}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new DatabaseUrlError('It holds a % that begins no escape; write % as %25.');
  }
}

function readSslMode(parameters: URLSearchParams): { rejectUnauthorized: boolean } | undefined {
  const mode = parameters.get('sslmode');
  switch (mode) {
    case null:
    case 'disable':
    case 'allow':
    case 'prefer':
      return undefined;
    case 'require':
    case 'no-verify':
      return { rejectUnauthorized: false };
    case 'verify-ca':
    case 'verify-full':
      return { rejectUnauthorized: true };
    default:
      throw new DatabaseUrlError('Its sslmode is none of disable, require, verify-full.');
  }
}
