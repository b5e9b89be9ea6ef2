// Phone numbers as members may see them, where the setting masks them. Pure.

/** How many digits make a phone number rather than a year or an amount, and how many of them stay to be seen. */
const LEAST_DIGITS = 7;
const SEEN_FIRST = 2;
const SEEN_LAST = 2;

/** Hides the middle of every phone number in a text: `+49 170 1234567` becomes `+49 ••• •••••67`. */
export function maskPhones(text: string): string {
  return text.replaceAll(/\+?\d[\d\s().\-/]*\d/gu, (number) => {
    const digits = number.replaceAll(/\D/gu, '').length;
    if (digits < LEAST_DIGITS) return number;
    let seen = 0;
    return number.replaceAll(/\d/gu, (digit) => {
      seen += 1;
      return seen <= SEEN_FIRST || seen > digits - SEEN_LAST ? digit : '•';
    });
  });
}
