/** The shipped price book, for `loadPriceBook` of `halftone/pricing`: one book per provider, without the sandbox. */
export declare const books: readonly unknown[]
/** Dated conversions to USD. */
export declare const fx: unknown
