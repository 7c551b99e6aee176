import { Facts } from '../../components/facts.tsx'

/** Notes of the user's own; nothing where there are none. */
export function MetadataFacts({ metadata }: { readonly metadata: Readonly<Record<string, string>> }) {
  const notes = Object.entries(metadata)
  return notes.length === 0 ? null : <Facts facts={notes} />
}
