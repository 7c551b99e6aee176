import { ProgressBar } from '../../components/progress-bar.tsx'

interface Props {
  readonly label: string
  /** Null where nobody counts: without a quota there is nothing to hold it against. */
  readonly used: number | null
  /** Null for any number. */
  readonly may: number | null
  readonly format: (value: number) => string
}

/** What is used of what may be. */
export function Usage({ label, used, may, format }: Props) {
  if (used === null) return <>not counted, no limit</>
  if (may === null) return <>{format(used)}, no limit</>
  return (
    <div className={used >= may ? 'usage field-error' : 'usage'}>
      {format(used)} of {format(may)}
      {/* Of nothing allowed everything is used. */}
      <ProgressBar percent={may === 0 ? 100 : (100 * used) / may} label={label} />
    </div>
  )
}
