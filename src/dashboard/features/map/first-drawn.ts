/** In the browser's own log of what happened when: `bench -- map` reads it. */
export const FIRST_DRAWN = 'kappa map drawn'
