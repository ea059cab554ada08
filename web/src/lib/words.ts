/** Words that more than one page has for the same thing. */

/** Charges that belong to no call. */
export const WITHOUT_ATTEMPT = 'breakage and storage'

/** `prepaidCredits` and `minimum_spend` as people write them. */
export const worded = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ')

/** A text with commands between backticks, in parts. */
export const codeParts = (text: string): readonly { readonly code: boolean; readonly text: string }[] =>
  text
    .split('`')
    .map((part, index) => ({ code: index % 2 === 1, text: part }))
    .filter((part) => part.text !== '')
