import { formatCount } from '../../format.ts'
import type { Colours } from './colours.ts'

/** What the colours mean: the most common first, with how many points have each. */
export function MapLegend({ colours: { legend, left } }: { readonly colours: Pick<Colours, 'legend' | 'left'> }) {
  if (legend.length === 0) return null
  return (
    <ul className="map-legend small" aria-label="Colours">
      {legend.map(({ name, colour }) => (
        <li key={name}>
          <i style={{ background: colour }} aria-hidden="true" /> {name}
        </li>
      ))}
      {left > 0 && <li className="muted">and {formatCount(left)} more</li>}
    </ul>
  )
}
