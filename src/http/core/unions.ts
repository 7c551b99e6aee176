/** What is wrong with a value that fits no branch of a union: told of the branch that was meant, not of all of them. */
export interface Finding {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

const isInside = (union: Finding, { schemaPath, instancePath }: Finding): boolean =>
  schemaPath.startsWith(`${union.schemaPath}/anyOf/`) &&
  (instancePath === union.instancePath || instancePath.startsWith(`${union.instancePath}/`))

const isWrongKind = (union: Finding, branch: readonly Finding[]): boolean =>
  branch.some(({ keyword, instancePath }) => keyword === 'type' && instancePath === union.instancePath)

/** Findings about the field whose literal tells the branches apart. */
const tagFindings = (union: Finding, branch: readonly Finding[]): Finding[] =>
  branch.filter(
    ({ keyword, instancePath }) =>
      keyword === 'const' &&
      instancePath.lastIndexOf('/') === union.instancePath.length &&
      instancePath !== union.instancePath
  )

/** Fields that are missing or that the branch does not have: the fewer, the likelier it was meant. */
const misfits = (union: Finding, branch: readonly Finding[]): number =>
  branch.filter(
    ({ keyword, instancePath }) =>
      instancePath === union.instancePath && (keyword === 'required' || keyword === 'additionalProperties')
  ).length

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)]

function explainUnion(union: Finding, inside: readonly Finding[]): Finding[] {
  const start = union.schemaPath.length + '/anyOf/'.length
  const branches = [...Map.groupBy(inside, ({ schemaPath }) => schemaPath.slice(start).split('/', 1)[0]).values()]
  const ofKind = branches.filter((branch) => !isWrongKind(union, branch))
  if (ofKind.length === 0) {
    const kinds = inside.filter(
      ({ keyword, instancePath }) => keyword === 'type' && instancePath === union.instancePath
    )
    return [
      {
        ...union,
        message: distinct(kinds.map(({ message }) => message)).join(' or ') || 'is none of the forms that are taken'
      }
    ]
  }
  const meant = ofKind.filter((branch) => tagFindings(union, branch).length === 0)
  if (meant.length === 0) {
    const tags = ofKind.flatMap((branch) => tagFindings(union, branch))
    const taken = distinct(
      tags.map(({ params }) => String((params as { readonly allowedValue?: unknown }).allowedValue))
    )
    return tags.slice(0, 1).map((tag) => ({ ...tag, message: `must be one of ${taken.join(', ')}` }))
  }
  const fewest = Math.min(...meant.map((branch) => misfits(union, branch)))
  return explainUnions(meant.filter((branch) => misfits(union, branch) === fewest).flat())
}

/** The findings with those about unions, at every depth, replaced by those of the branches that were meant. */
export function explainUnions(findings: readonly Finding[]): Finding[] {
  const unions = findings.filter(({ keyword }) => keyword === 'anyOf')
  const outermost = unions.filter((one) => !unions.some((other) => other !== one && isInside(other, one)))
  const plain = findings.filter((one) => one.keyword !== 'anyOf' && !outermost.some((union) => isInside(union, one)))
  return [
    ...plain,
    ...outermost.flatMap((union) =>
      explainUnion(
        union,
        findings.filter((one) => isInside(union, one))
      )
    )
  ]
}
