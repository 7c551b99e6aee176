/** The YAML that a model hub reads at the head of a card. Every text is written as JSON writes it, which YAML takes as it is. */

export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml }

const isScalar = (value: Yaml): value is string | number | boolean => typeof value !== 'object'

export const frontMatter = (value: { readonly [key: string]: Yaml }): string =>
  `---\n${block(value, '').join('\n')}\n---\n`

function block(value: Exclude<Yaml, string | number | boolean>, indent: string): string[] {
  if (isList(value)) {
    return value.flatMap((one) => {
      if (isScalar(one)) return [`${indent}- ${JSON.stringify(one)}`]
      const [first = '', ...rest] = block(one, `${indent}  `)
      return [`${indent}- ${first.trimStart()}`, ...rest]
    })
  }
  return Object.entries(value).flatMap(([key, one]) =>
    isScalar(one) ? [`${indent}${key}: ${JSON.stringify(one)}`] : [`${indent}${key}:`, ...block(one, `${indent}  `)]
  )
}

const isList = (value: Yaml): value is readonly Yaml[] => Array.isArray(value)
