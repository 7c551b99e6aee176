import { formatCount } from '../../format.ts'

/** The name of a label where its dataset has names. */
export const labelText = (label: number | null, classes: readonly string[] | null): string =>
  label === null ? 'none' : (classes?.[label] ?? formatCount(label))
