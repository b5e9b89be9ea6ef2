// Names this process unlike any other, so that a process on the same machine can tell at once that the named one is dead.
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * The machine's boot and the namespace that process ids count in (Linux): where both are the same, a process id means the same. Undefined where
 * the system doesn't tell: then nobody is ever called dead.
 */
function scope(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** `host|scope|pid|something random`. */
export function processName(): string {
  return [hostname(), scope() ?? '', process.pid, randomBytes(4).toString('hex')].join('|');
}

/** True only when the named process surely runs no more: it counted process ids as we do, and its id is nobody's now. */
export function isDead(name: string): boolean {
  const [host, itsScope, pid] = name.split('|');
  if (host !== hostname() || itsScope === '' || itsScope !== scope()) return false;
  const id = Number(pid);
  if (!Number.isSafeInteger(id) || id <= 0) return false;
  try {
    process.kill(id, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
