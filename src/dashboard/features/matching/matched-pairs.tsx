import { useMemo, useState } from 'react'
import type { MatchedPair, Matching } from '../../../client/resources.ts'
import { Pager } from '../../components/list.tsx'
import { Section } from '../../components/section.tsx'
import { formatMany, formatPercent } from '../../format.ts'
import { href } from '../../router.ts'
import { ResourceName } from '../names/resource-link.tsx'
import { PrototypeMatches } from '../prototypes/prototype-matches.tsx'
import { inOrder, ORDERS, type Order, orderOf } from './matching-words.ts'
import { usePaged } from './use-paged.ts'

interface Props {
  readonly matching: Matching
}

/** Each with pictures of both, which are searched for. */
const PAGE_PAIRS = 10

export function MatchedPairs({ matching }: Props) {
  const [order, setOrder] = useState<Order>('-images')
  const ordered = useMemo(() => inOrder(matching.pairs, order), [matching, order])
  const { shown, pager } = usePaged(ordered, PAGE_PAIRS)
  return (
    <Section
      title="Pairs"
      hint="Chosen so that together they have as many images as possible. Alike: of the images that one of the two has, the share that both have."
      actions={
        <select aria-label="Order of pairs" value={order} onChange={({ target }) => setOrder(orderOf(target.value))}>
          {ORDERS.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      }
    >
      {ordered.length === 0 && <div className="empty">No two prototypes are as alike as that.</div>}
      <ul className="pairs" aria-label="Pairs of prototypes">
        {shown.map((pair) => (
          <Pair key={pair.from} pair={pair} matching={matching} />
        ))}
      </ul>
      <Pager pager={pager} label="pairs" />
    </Section>
  )
}

interface PairProps extends Props {
  readonly pair: MatchedPair
}

function Pair({ pair: { from, to, images, similarity }, matching: { against, model, vector_sets: sets } }: PairProps) {
  return (
    <li className="pair">
      <p className="pair-figures">
        <b>{formatPercent(similarity)} alike</b> <span className="muted">{formatMany(images, 'image')} in common</span>
      </p>
      <Side model={against} set={sets.against} prototype={from} />
      <Side model={model} set={sets.model} prototype={to} />
    </li>
  )
}

interface SideProps {
  readonly model: string
  readonly set: string
  readonly prototype: number
}

const Side = ({ model, set, prototype }: SideProps) => (
  <div>
    <h3>
      <a href={href.prototype(model, prototype)}>
        Prototype {prototype} of <ResourceName id={model} />
      </a>
    </h3>
    <PrototypeMatches set={set} prototype={prototype} isSmall />
  </div>
)
