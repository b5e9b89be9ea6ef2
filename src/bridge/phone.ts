// Phone numbers as people read them. Pure.
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** "+4915112345678" → "+49 1511 2345678". Numbers that no plan knows (old WhatsApp accounts have them) stay as they came. */
export function formatPhone(phone: string): string {
  return parsePhoneNumberFromString(phone)?.formatInternational() ?? phone;
}
