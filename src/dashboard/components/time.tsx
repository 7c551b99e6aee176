import { useNow } from '../data/use-now.ts'
import { formatAge } from '../format.ts'

/** How long ago, with the exact time on hover; nothing yet is a dash. */
export function Ago({ at }: { readonly at: string | null }) {
  const now = useNow()
  if (at === null) return <>–</>
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {formatAge((now - Date.parse(at)) / 1000)}
    </time>
  )
}
