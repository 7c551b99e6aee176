import type { ReactNode } from 'react'

export type Fact = readonly [name: string, value: ReactNode]

interface Props {
  readonly facts: readonly Fact[]
  /** Short values, close together. */
  readonly isTight?: boolean
}

/** Names and values, dense. */
export function Facts({ facts, isTight = false }: Props) {
  return (
    <dl className={isTight ? 'facts tight' : 'facts'}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
