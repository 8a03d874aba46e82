/** The words of a text as a text index with the default settings has them: runs of letters and digits, lower-case. */
export function tokens(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
}
