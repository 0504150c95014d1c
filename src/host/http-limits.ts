/**
 * What our servers take before they look at a request.
 */

/** Of the first line and the headers, which Node would end at 16 KiB: the platform's servers take addresses and cookies of any length that occurs (hyper's buffer). */
export const MAX_HEADER_BYTES = 400 * 1024;
