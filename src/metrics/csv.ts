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

const line = (cells: readonly Cell[]): string => `${cells.map(cellText).join(',')}\r\n`;

/** What a table of rows shows: the names of its columns in their order, and how each is read. */
export type CsvColumns<T> = Readonly<Record<string, (row: T) => Cell>>;

/** The names of the columns. */
export const csvHead = <T>(columns: CsvColumns<T>): string => line(Object.keys(columns));

/** One line a row. */
export const csvRows = <T>(rows: readonly T[], columns: CsvColumns<T>): string =>
  rows.map((row) => line(Object.values(columns).map((read) => read(row)))).join('');
