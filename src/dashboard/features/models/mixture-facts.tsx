import type { Mixture, Model } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Section } from '../../components/section.tsx'
import { formatCount, formatNumber, formatPercent } from '../../format.ts'

/** What training images say about all prototypes together. */
export function MixtureFacts({ model: { mixture, config } }: { readonly model: Model }) {
  if (!mixture) return null
  return (
    <Section title="Use of prototypes" hint={`Counted on ${formatCount(mixture.images)} training images.`}>
      {mixture.alarm && (
        <div className="notice bad" role="alert">
          <p>{mixture.alarm}</p>
        </div>
      )}
      <Facts
        facts={[
          ['Used', `${formatCount(mixture.used)} of ${formatCount(config?.prototypes)}`],
          ['Used and unique', formatCount(mixture.unique)],
          ['Largest share', formatPercent(mixture.top_share)],
          [
            'Assigned by',
            mixture.posterior === 'teacher' ? 'the teacher, centered' : 'the teacher, without its center'
          ],
          ...(mixture.fitted ? fittedFacts(mixture.fitted) : [])
        ]}
      />
      {!mixture.fitted && (
        <p className="muted">
          No mixture was fitted:{' '}
          {mixture.images === 0 ? 'the model was made without images' : 'no prototype wins five of them'}.
        </p>
      )}
    </Section>
  )
}

const fittedFacts = (fitted: NonNullable<Mixture['fitted']>) =>
  [
    ['Fitted components', formatCount(fitted.components)],
    ['Held-out log-likelihood', `${formatNumber(fitted.held_out_log_likelihood)} nats an image`],
    ['Uniform density', `${formatNumber(fitted.uniform_log_likelihood)} nats`]
  ] as const
