/** How many columns of a terminal a text takes, and texts cut to columns. */

/** Wide and fullwidth code points but emoji: East Asian Width W and F of Unicode 17, neighbouring ranges joined over what is unassigned. */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18df2],
  [0x1aff0, 0x1b2fb],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

/** What stands over, under or in the letter before it: marks, formats, and the vowels of Hangul that are put together with it. */
const nothing = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;
const emoji = /^\p{Emoji_Presentation}$/u;
/** Two of them are one flag, which is as wide as both. */
const flagHalf = /^\p{Regional_Indicator}$/u;
const asEmoji = "\ufe0f";
const graphemes = new Intl.Segmenter();

/**
 * Columns that a text without control characters takes. Terminals differ on emoji that are joined of several; the wider way is
 * assumed, so that what is cut to a width never takes more.
 */
export function displayWidth(text: string): number {
  let width = 0;
  let last = 0;
  for (const sign of text) {
    if (sign === asEmoji) width += 2 - last;
    last = sign === asEmoji ? 2 : signWidth(sign);
    if (sign !== asEmoji) width += last;
  }
  return width;
}

function signWidth(sign: string): 0 | 1 | 2 {
  const code = sign.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (nothing.test(sign)) return 0;
  if (flagHalf.test(sign)) return 1;
  return emoji.test(sign) || wideRanges.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

/** The text where it takes at most so many columns, else as many of its letters as do, and a `~`. */
export function cutTo(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += displayWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return columns < 1 ? "" : `${kept}~`;
}

/**
 * The text without what moves a cursor, hides or turns round other text: control characters but line feed and tab, line and
 * paragraph separators, and overrides of direction become U+FFFD.
 */
export function printable(text: string): string {
  return text.replace(
    /\r(?!\n)|[^\P{Cc}\t\n\r]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    "\u{fffd}",
  );
}

/** `printable`, on one line. */
export function oneLine(text: string): string {
  return printable(text).replace(/[\t\r\n]+/g, " ");
}
