/** The English stemmer of Snowball ("Porter2"). Source: https://snowballstem.org/algorithms/english/stemmer.html */

const vowel = "[aeiouy]";
const vowels = /[aeiouy]/;
const double = /(bb|dd|ff|gg|mm|nn|pp|rr|tt)$/;
/** A short syllable at the end: a vowel between a consonant and one other than w, x, Y; or at the beginning of the word. */
const shortEnd = /(?:[^aeiouy][aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy])$/;

const whole: Readonly<Record<string, string>> = {
  skis: "ski",
  skies: "sky",
  dying: "die",
  lying: "lie",
  tying: "tie",
  idly: "idl",
  gently: "gentl",
  ugly: "ugli",
  early: "earli",
  only: "onli",
  singly: "singl",
  sky: "sky",
  news: "news",
  howe: "howe",
  atlas: "atlas",
  cosmos: "cosmos",
  bias: "bias",
  andes: "andes",
};
/** Words that stay as they are after plurals are taken away. */
const kept = new Set([
  "inning",
  "outing",
  "canning",
  "herring",
  "earring",
  "proceed",
  "exceed",
  "succeed",
]);

/** The stem of a word; capital letters are consonants, as Snowball has them. */
export function stemEnglish(given: string): string {
  if (given.length < 3) return given;
  if (Object.hasOwn(whole, given)) return whole[given] ?? given;
  const bare = given.replace(/^'/, "");
  const marked = bare.replace(/^y/, "Y").replace(/([aeiouy])y/g, "$1Y");
  let word = marked;
  const r1 = firstRegion(word);
  const r2 = regionAfter(word, r1);
  word = plural(word.replace(/('s'|'s|')$/, ""));
  if (kept.has(word)) return word;
  word = past(word, r1);
  if (/..[yY]$/.test(word) && !vowels.test(word.at(-2) ?? "")) word = `${word.slice(0, -1)}i`;
  word = last(derived(furtherDerived(word, r1, r2, longer), r2), r1, r2);
  // Where none was marked, those that stand there were written so.
  return marked === bare ? word : word.replaceAll("Y", "y");
}

/** Where the first region begins: behind the first consonant that follows a vowel; after some beginnings, right behind them. */
function firstRegion(word: string): number {
  const known = /^(?:gener|commun|arsen)/.exec(word);
  return known === null ? regionAfter(word, 0) : known[0].length;
}

function regionAfter(word: string, from: number): number {
  const at = new RegExp(`${vowel}[^aeiouy]`).exec(word.slice(from));
  return at === null ? word.length : from + at.index + 2;
}

function plural(word: string): string {
  if (word.endsWith("sses")) return word.slice(0, -2);
  if (/ie[ds]$/.test(word)) return word.slice(0, word.length > 4 ? -2 : -1);
  if (/(us|ss)$/.test(word) || !word.endsWith("s")) return word;
  return vowels.test(word.slice(0, -2)) ? word.slice(0, -1) : word;
}

function past(word: string, r1: number): string {
  const eed = /(eed|eedly)$/.exec(word);
  if (eed !== null) return eed.index >= r1 ? `${word.slice(0, eed.index)}ee` : word;
  const suffix = /(ed|edly|ing|ingly)$/.exec(word);
  if (suffix === null || !vowels.test(word.slice(0, suffix.index))) return word;
  const rest = word.slice(0, suffix.index);
  if (/(at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (double.test(rest)) return rest.slice(0, -1);
  return isShort(rest, r1) ? `${rest}e` : rest;
}

function isShort(word: string, r1: number): boolean {
  return r1 >= word.length && shortEnd.test(word);
}

type Endings = readonly (readonly [string, string])[];

/** Endings with what stands for them; the longest one counts. */
const longer: Endings = [
  ["ational", "ate"],
  ["ization", "ize"],
  ["fulness", "ful"],
  ["ousness", "ous"],
  ["iveness", "ive"],
  ["tional", "tion"],
  ["biliti", "ble"],
  ["lessli", "less"],
  ["entli", "ent"],
  ["ation", "ate"],
  ["alism", "al"],
  ["aliti", "al"],
  ["ousli", "ous"],
  ["iviti", "ive"],
  ["fulli", "ful"],
  ["enci", "ence"],
  ["anci", "ance"],
  ["abli", "able"],
  ["izer", "ize"],
  ["ator", "ate"],
  ["alli", "al"],
  ["bli", "ble"],
  ["ogi", "og"],
  ["li", ""],
];
const third: Endings = [
  ["ational", "ate"],
  ["tional", "tion"],
  ["alize", "al"],
  ["icate", "ic"],
  ["iciti", "ic"],
  ["ative", ""],
  ["ical", "ic"],
  ["ness", ""],
  ["ful", ""],
];

function furtherDerived(word: string, r1: number, r2: number, endings: Endings): string {
  const found = endings.find(([ending]) => word.endsWith(ending));
  if (found === undefined) return endings === longer ? furtherDerived(word, r1, r2, third) : word;
  const changed = replaced(word, found, r1, r2);
  return endings === longer ? furtherDerived(changed, r1, r2, third) : changed;
}

function replaced(word: string, [ending, wanted]: Endings[number], r1: number, r2: number): string {
  const rest = word.slice(0, word.length - ending.length);
  if (rest.length < r1) return word;
  if (ending === "ogi" && !rest.endsWith("l")) return word;
  if (ending === "li" && !/[cdeghkmnrt]$/.test(rest)) return word;
  if (ending === "ative" && rest.length < r2) return word;
  return rest + wanted;
}

const suffixes = /(ement|ance|ence|able|ible|ment|ant|ent|ism|ate|iti|ous|ive|ize|ion|al|er|ic)$/;

function derived(word: string, r2: number): string {
  const suffix = suffixes.exec(word);
  if (suffix === null || suffix.index < r2) return word;
  const rest = word.slice(0, suffix.index);
  return suffix[0] === "ion" && !/[st]$/.test(rest) ? word : rest;
}

function last(word: string, r1: number, r2: number): string {
  const at = word.length - 1;
  if (word.endsWith("e") && (at >= r2 || (at >= r1 && !shortEnd.test(word.slice(0, at)))))
    return word.slice(0, at);
  return word.endsWith("ll") && at >= r2 ? word.slice(0, at) : word;
}
