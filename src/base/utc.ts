/**
 * Nanoseconds since the Unix epoch as people read them, without a clock or a calendar of the host.
 */

const NANOS_PER_SECOND = 1_000_000_000n;
const SECONDS_PER_DAY = 86_400n;

/** `2025-05-01 23:55:18.005285297 UTC`; a fraction of zero is left out, else it has 3, 6 or 9 digits. */
export function utcText(nanos: bigint): string {
  const seconds = nanos / NANOS_PER_SECOND;
  const [year, month, day] = civil(seconds / SECONDS_PER_DAY);
  const ofDay = seconds % SECONDS_PER_DAY;
  const two = (value: bigint): string => String(value).padStart(2, "0");
  const fraction = String(nanos % NANOS_PER_SECOND).padStart(9, "0");
  const digits = /^0+$/.test(fraction) ? "" : `.${fraction.replace(/(?:000){1,2}$/, "")}`;
  return `${year}-${two(month)}-${two(day)} ${two(ofDay / 3600n)}:${two((ofDay / 60n) % 60n)}:${two(ofDay % 60n)}${digits} UTC`;
}

/** Year, month and day of a day since 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day is their last. */
function civil(days: bigint): readonly [bigint, bigint, bigint] {
  const shifted = days + 719_468n;
  const era = shifted / 146_097n;
  const ofEra = shifted % 146_097n;
  const yearOfEra = (ofEra - ofEra / 1460n + ofEra / 36_524n - ofEra / 146_096n) / 365n;
  const ofYear = ofEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const shiftedMonth = (5n * ofYear + 2n) / 153n;
  const month = shiftedMonth < 10n ? shiftedMonth + 3n : shiftedMonth - 9n;
  return [yearOfEra + era * 400n + (month <= 2n ? 1n : 0n), month, ofYear - (153n * shiftedMonth + 2n) / 5n + 1n];
}
