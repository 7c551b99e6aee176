interface Props {
  /** 0…100, or null when the end is not known. */
  readonly percent: number | null
  readonly label: string
}

export function ProgressBar({ percent, label }: Props) {
  const value = percent === null ? {} : { value: Math.min(100, Math.max(0, percent)) }
  return <progress max={100} {...value} aria-label={label} />
}
