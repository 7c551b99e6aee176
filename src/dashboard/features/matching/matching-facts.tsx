import type { Matching } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { formatCount, formatPercent } from '../../format.ts'
import { ResourceLink } from '../names/resource-link.tsx'

export function MatchingFacts({ matching }: { readonly matching: Matching }) {
  const { against, model, dataset, images, agreement, pairs, unmatched, vector_sets: sets } = matching
  return (
    <section className="card" aria-label="Agreement">
      <Facts
        facts={[
          ['Agreement', `${formatPercent(agreement, 1)} of the images`],
          ['Images that both have assigned', formatCount(images)],
          ['Pairs', formatCount(pairs.length)],
          ['Gone', formatCount(unmatched.from.length)],
          ['New', formatCount(unmatched.to.length)],
          ['The other model', <ResourceLink key="other" id={against} />],
          ['This model', <ResourceLink key="this" id={model} />],
          ['Images of', <ResourceLink key="dataset" id={dataset} />],
          [
            'Vector sets',
            <span key="sets">
              <ResourceLink id={sets.against} />, <ResourceLink id={sets.model} />
            </span>
          ]
        ]}
      />
      <p className="muted small">
        Agreement is the share of images whose two prototypes are a pair. Prototypes without an image of the dataset are
        nowhere here.
      </p>
    </section>
  )
}
