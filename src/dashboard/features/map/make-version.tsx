import { ProblemNotice } from '../../components/problem-notice.tsx'
import { problemOf } from '../../data/problem-of.ts'
import type { VersionName } from '../../data/queries/images.ts'
import { useMakeVersion } from '../curation/use-make-version.ts'

interface Props {
  readonly of: VersionName
  readonly indexes: readonly number[]
}

/** A version of the dataset with these images alone; its page says how far it is. */
export function MakeVersion({ of: { id, version }, indexes }: Props) {
  const make = useMakeVersion(id)
  const problem = problemOf(make)
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <button
        type="button"
        className="primary"
        disabled={make.isPending || indexes.length === 0}
        onClick={() => make.mutate({ strategy: 'indices', version, indices: [...indexes] })}
      >
        Make a version of them
      </button>
    </>
  )
}
