/** What is typed to search, and what is asked with it. */
import type { SearchOptions, Sought } from '../../data/queries/vector-sets.ts'

export interface SearchForm {
  readonly by: 'index' | 'prototype'
  /** Of the image or the prototype. */
  readonly number: string
  readonly label: string
  /** Only its images. */
  readonly prototype: string
  readonly topK: string
}

export const TOP_KS = ['12', '24', '60', '120'] as const

const numberOf = (text: string): number | null => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : null)

/** Null until there is a number. */
export function soughtOf({ by, number: text }: SearchForm): Sought | null {
  const number = numberOf(text)
  if (number === null) return null
  return by === 'index' ? { by, index: number } : { by, prototype: number }
}

export const optionsOf = ({ label, prototype, topK }: SearchForm): SearchOptions => ({
  topK: Number(topK),
  label: label.trim() === '' ? null : label.trim(),
  prototype: numberOf(prototype)
})
