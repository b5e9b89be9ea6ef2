// Rows as text/csv (RFC 4180), for spreadsheets. Pure.

type Cell = string | number | boolean | Date | null;

/** Spreadsheets run what begins so as a formula: a quote in front makes it text (OWASP, “CSV injection”). */
const FORMULA = /^[=+\-@\t\r]/;

function cellText(cell: Cell): string {
  if (cell === null) return '';
  if (cell instanceof Date) return cell.toISOString();
  if (typeof cell !== 'string') return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line a row, the names of the columns first; columns are those of `columns`, in that order. */
export function toCsv<T>(rows: readonly T[], columns: Readonly<Record<string, (row: T) => Cell>>): string {
  const lines = [
    Object.keys(columns).map(cellText),
    ...rows.map((row) => Object.values(columns).map((read) => cellText(read(row)))),
  ];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}
