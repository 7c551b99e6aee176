/**
 * What no name may hold, as the inside of a class of a regular expression: control characters (an ESC colours a terminal), line and
 * paragraph separators, and what turns the direction of the text around it (CVE-2021-42574). The marks U+200E and U+200F, which turn
 * nothing else, are part of names in Arabic and Hebrew.
 */
export const UNFIT_FOR_NAMES = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069'
