/** The sizes live with the recipe, which counts parameters and operations from them without importing the method. */
export { VARIANTS, type Variant } from '../recipe/variants.ts'
