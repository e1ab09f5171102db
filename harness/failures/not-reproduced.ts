/** Rows of the catalogue without a scenario, and why. */
export const notReproduced: Readonly<Record<string, { readonly what: string; readonly why: string }>> = {};
