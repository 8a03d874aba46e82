/** Words brought to their stems. */
import { notImplemented } from "../../errors.ts";

/** The stemmer of a language. @throws E_NOT_SUPPORTED */
export function stemmerOf(language: string): (word: string) => string {
  throw notImplemented(`the stemmer of the language ${language}`);
}
