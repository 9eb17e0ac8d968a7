declare const brand: unique symbol;

/** A value of type T that only its maker may produce, so that two units never mix by accident. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
