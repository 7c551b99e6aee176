export interface LabelledBar {
  readonly label: string
  /** Where its name leads. */
  readonly href?: string
  /** 0…1 of the full width. */
  readonly share: number
  readonly value: string
}

/** Horizontal bars with their names and values as text: readable without seeing the bars. */
export function Bars({ label, bars }: { readonly label: string; readonly bars: readonly LabelledBar[] }) {
  return (
    <ul className="bars" aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.label}>
          <span>{bar.href === undefined ? bar.label : <a href={bar.href}>{bar.label}</a>}</span>
          <span className="track" aria-hidden="true">
            <i style={{ width: `${Math.min(100, Math.max(0, bar.share * 100))}%` }} />
          </span>
          <b>{bar.value}</b>
        </li>
      ))}
    </ul>
  )
}
