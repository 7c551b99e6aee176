import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { dataOf } from '../../../client/client.ts'
import type { ApiKey, IssuedApiKey } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Section } from '../../components/section.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { keyList, refreshKeys } from '../../data/queries/keys.ts'
import { useList } from '../../data/use-list.ts'
import { CreatedKey } from './created-key.tsx'
import { KEY_COLUMNS, keyFacts } from './key-facts.tsx'
import { NewKeyForm } from './new-key-form.tsx'

export function KeysPage() {
  const list = useList(keyList(useClient()))
  const [created, setCreated] = useState<IssuedApiKey | null>(null)
  return (
    <PageFrame title="Keys">
      {created && <CreatedKey created={created} onClose={() => setCreated(null)} />}
      <Section title="New key">
        <NewKeyForm onCreated={setCreated} />
      </Section>
      <List
        list={list}
        label="API keys"
        columns={KEY_COLUMNS}
        keyOf={({ id }) => id}
        row={keyCells}
        empty="No keys yet."
      />
    </PageFrame>
  )
}

const keyCells = (key: ApiKey) => [
  ...keyFacts(key),
  key.revoked_at === null ? (
    <RevokeKey key="revoke" apiKey={key} />
  ) : (
    <span key="revoked" className="muted">
      revoked <Ago at={key.revoked_at} />
    </span>
  )
]

function RevokeKey({ apiKey: { id, name } }: { readonly apiKey: ApiKey }) {
  const client = useClient()
  const queries = useQueryClient()
  const revoke = useMutation({
    mutationFn: () => dataOf(client.DELETE('/v1/keys/{id}', { params: { path: { id } } })),
    onSuccess: () => void refreshKeys(queries)
  })
  return (
    <ConfirmButton
      label="Revoke"
      title={`Revoke ${name}?`}
      confirm="Revoke the key"
      dismiss="Keep it"
      mutation={revoke}
    >
      <p>Whoever uses it is refused from now on. This cannot be undone.</p>
    </ConfirmButton>
  )
}
