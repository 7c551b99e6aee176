import type { Matching } from '../../../client/resources.ts'
import { Pager } from '../../components/list.tsx'
import { Section } from '../../components/section.tsx'
import { formatMany } from '../../format.ts'
import { href } from '../../router.ts'
import { PrototypeMatches } from '../prototypes/prototype-matches.tsx'
import { usePaged } from './use-paged.ts'

interface Props {
  readonly matching: Matching
}

/** Prototypes that have images and no partner, of the other model and of this one. */
export const LoneSections = ({ matching: { against, model, vector_sets: sets, unmatched } }: Props) => (
  <div className="columns">
    <Lone
      title="Gone"
      hint="Prototypes of the other model that have images, and no partner in this one."
      of={{ model: against, set: sets.against }}
      uses={unmatched.from}
    />
    <Lone
      title="New"
      hint="Prototypes of this model that have images, and no partner in the other."
      of={{ model, set: sets.model }}
      uses={unmatched.to}
    />
  </div>
)

interface LoneProps {
  readonly title: string
  readonly hint: string
  readonly of: { readonly model: string; readonly set: string }
  readonly uses: Matching['unmatched']['to']
}

const PAGE_PROTOTYPES = 6

function Lone({ title, hint, of: { model, set }, uses }: LoneProps) {
  const { shown, pager } = usePaged(
    uses.toSorted((one, other) => other.images - one.images),
    PAGE_PROTOTYPES
  )
  return (
    <Section title={title} hint={hint}>
      {uses.length === 0 && <p className="muted">None.</p>}
      <ul className="pairs" aria-label={`${title} prototypes`}>
        {shown.map(({ prototype, images }) => (
          <li key={prototype}>
            <h3>
              <a href={href.prototype(model, prototype)}>Prototype {prototype}</a>{' '}
              <span className="muted small">{formatMany(images, 'image')}</span>
            </h3>
            <PrototypeMatches set={set} prototype={prototype} isSmall />
          </li>
        ))}
      </ul>
      <Pager pager={pager} label={`${title} prototypes`} />
    </Section>
  )
}
