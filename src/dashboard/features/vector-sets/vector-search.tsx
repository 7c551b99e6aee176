import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { VectorSet } from '../../../client/resources.ts'
import { Choice } from '../../components/choice.tsx'
import { FileDrop } from '../../components/file-drop.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { TextField } from '../../components/text-field.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { type Sought, searchVectors } from '../../data/queries/vector-sets.ts'
import { useAbort } from '../../data/use-abort.ts'
import { useObjectUrl } from '../../data/use-object-url.ts'
import { formatCount } from '../../format.ts'
import { MatchTiles } from './match-tiles.tsx'
import { optionsOf, type SearchForm, soughtOf, TOP_KS } from './search-form.ts'

const EMPTY: SearchForm = { number: '', by: 'index', label: '', prototype: '', topK: '24' }

/** The images nearest to one that is dropped, to one of the set, or to a prototype. */
export function VectorSearch({ set }: { readonly set: VectorSet }) {
  const client = useClient()
  const abort = useAbort()
  const [form, setForm] = useState(EMPTY)
  const change = (patch: Partial<SearchForm>) => setForm((before) => ({ ...before, ...patch }))
  const search = useMutation({
    mutationFn: (sought: Sought) =>
      searchVectors(client, set.id, { sought, options: optionsOf(form), signal: abort.start() })
  })
  const { data: matches, variables: sought } = search
  const image = sought?.by === 'image' ? sought.image : null
  const preview = useObjectUrl(image)
  const problem = problemOf(search)
  const typed = soughtOf(form)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (typed !== null) search.mutate(typed)
  }
  return (
    <Section title="Search" hint="Nearest first, by cosine. An image of yours goes to the model and is kept nowhere.">
      <div className="try-it">
        <FileDrop
          label="Image to look for"
          accept="image/*"
          onFiles={([file]) => file && search.mutate({ by: 'image', image: file })}
        >
          {preview ? <img src={preview} alt={image ? `Chosen: ${image.name}` : ''} /> : <b>Drop or choose an image</b>}
          <span className="muted small">{image ? image.name : 'JPEG, PNG, WebP, AVIF, TIFF or GIF'}</span>
        </FileDrop>
        <form onSubmit={submit} aria-label="What is looked for">
          <SearchFields form={form} prototypes={set.prototypes} onChange={change} />
          <div className="actions">
            <button type="submit" className="primary" disabled={typed === null || search.isPending}>
              Search
            </button>
          </div>
        </form>
      </div>
      <div aria-live="polite">
        {search.isPending && <p className="muted">Searching…</p>}
        {problem && <ProblemNotice problem={problem} />}
        {matches && (
          <>
            <p className="muted small">
              {formatCount(matches.data.length)} nearest to {sought === undefined ? '' : soughtWords(sought)}
              {matches.exact ? '; every vector was compared' : '; found by a graph, which may miss one'}
            </p>
            <MatchTiles matches={matches} label="Nearest images" />
          </>
        )}
      </div>
    </Section>
  )
}

const soughtWords = (sought: Sought): string =>
  sought.by === 'image'
    ? sought.image.name
    : sought.by === 'index'
      ? `image ${sought.index}`
      : `prototype ${sought.prototype}`

interface FieldsProps {
  readonly form: SearchForm
  readonly prototypes: number | null
  readonly onChange: (patch: Partial<SearchForm>) => void
}

function SearchFields({ form, prototypes, onChange }: FieldsProps) {
  return (
    <div className="fields">
      {prototypes !== null && (
        <Choice
          label="Look for"
          value={form.by}
          options={[
            ['index', 'an image of the set'],
            ['prototype', 'a prototype']
          ]}
          error={null}
          onChange={(by) => onChange({ by: by === 'prototype' ? 'prototype' : 'index' })}
        />
      )}
      <TextField
        label={form.by === 'index' ? 'Image number' : 'Prototype number'}
        error={null}
        inputMode="numeric"
        placeholder="0"
        value={form.number}
        onChange={(number) => onChange({ number })}
      />
      <TextField
        label="Only with the label"
        error={null}
        placeholder="any"
        value={form.label}
        onChange={(label) => onChange({ label })}
      />
      {prototypes !== null && (
        <TextField
          label="Only of prototype"
          error={null}
          inputMode="numeric"
          placeholder="any"
          value={form.prototype}
          onChange={(prototype) => onChange({ prototype })}
        />
      )}
      <Choice label="Images" value={form.topK} options={TOP_KS} error={null} onChange={(topK) => onChange({ topK })} />
    </div>
  )
}
