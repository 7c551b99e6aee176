/** What people say of a resource: its name, and metadata under names of their choice. */
import { AppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'

/** What is left out stays. Of metadata too: each name by itself, and null removes it (RFC 7396). */
export interface DescriptionPatch<Name extends string | null = string | null> {
  readonly name?: Name
  readonly metadata?: Readonly<Record<string, string | null>>
}

/** As many as a resource may be made with. */
export const MOST_METADATA = 16

/** What changes. @throws AppError metadata_full for more metadata than a resource may have */
export function described<Name extends string | null>(
  known: { readonly metadata: JsonObject },
  { name, metadata }: DescriptionPatch<Name>
): { readonly name?: Name; readonly metadata?: JsonObject } {
  const renamed = name === undefined ? {} : { name }
  if (metadata === undefined) return renamed
  const merged = Object.entries({ ...known.metadata, ...metadata }).filter(([, value]) => value !== null)
  if (merged.length > MOST_METADATA) {
    const why = `has ${merged.length} names with those that are there, and ${MOST_METADATA} are the most`
    const errors = [{ path: '/metadata', message: why }]
    throw new AppError('metadata_full', { message: `metadata ${why}.`, errors })
  }
  return { ...renamed, metadata: Object.fromEntries(merged) }
}
