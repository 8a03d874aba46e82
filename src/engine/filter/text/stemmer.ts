/** Words brought to their stems. */
import { notImplemented } from "../../errors.ts";
import { stemEnglish } from "./english-stemmer.ts";

/** The stemmer of a language. @throws E_NOT_SUPPORTED for all but English */
export function stemmerOf(language: string): (word: string) => string {
  if (language === "english") return stemEnglish;
  throw notImplemented(`the stemmer of the language ${language}`);
}
