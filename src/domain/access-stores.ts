/** Keys, projects, the audit log, and what was answered to an Idempotency-Key, as they are kept. Implementation: storage/postgres. */
import type { ApiKey } from './access.ts'
import type { AuditEntry } from './audit.ts'
import type { Page, PageRequest } from './page.ts'
import type { Project, ProjectContents, Rate, Usage } from './project.ts'

export interface KeyStore {
  ensureProject(name: string): Promise<Project>
  insert(key: ApiKey): Promise<void>
  /** Any project: this is how a request finds its own. */
  findById(keyId: string): Promise<ApiKey | null>
  /** Those that exist, in any order. */
  findMany(keyIds: readonly string[]): Promise<readonly ApiKey[]>
  /** With `lock`, the row stays locked until the transaction ends. */
  find(projectId: string, keyId: string, options?: { lock: boolean }): Promise<ApiKey | null>
  rename(keyId: string, name: string): Promise<void>
  list(projectId: string, page: PageRequest): Promise<Page<ApiKey>>
  /** Admin keys that are not revoked, expired ones too. Until the transaction ends nobody else gets them. */
  lockAdmins(projectId: string): Promise<readonly ApiKey[]>
  /** The same of the installation's, in any project. */
  lockInstanceAdmins(): Promise<readonly ApiKey[]>
  revoke(projectId: string, keyId: string, at: Date): Promise<boolean>
  touch(keyId: string, at: Date): Promise<void>
}

export interface ProjectStore {
  /** Throws project_name_taken. */
  insert(project: Project): Promise<void>
  /**
   * With `lock`, the row stays locked until the transaction ends; what belongs to it may be written meanwhile, but `alone`: then
   * nothing new comes to belong to it.
   */
  find(id: string, options?: { lock: boolean | 'alone' }): Promise<Project | null>
  list(page: PageRequest): Promise<Page<Project>>
  /** Throws project_name_taken. */
  update(id: string, patch: Partial<Pick<Project, 'name' | 'quotas' | 'retention'>>): Promise<void>
  contents(id: string): Promise<ProjectContents>
  /**
   * With all that belongs to it, keys included; its objects and points stay, for removals. Lock it alone before.
   *
   * @param heir the project that its audit log goes over to
   * @returns its keys
   */
  remove(id: string, contents: ProjectContents, heir: string): Promise<readonly string[]>
  /** Uploads that have expired before `now` are not counted. Rates go by the database's clock. */
  usage(project: Pick<Project, 'id' | 'quotas'>, now: Date): Promise<Usage>
  /**
   * Takes so much of a rate, by the generic cell rate algorithm over a minute: of what is refused nothing is taken, and more than a
   * minute has is always refused. By the quota of this moment, whatever the caller knows of it.
   */
  spend(id: string, spending: Spending): Promise<Spent>
  /**
   * What is used stays used when a quota changes: the same amount, or the whole of a smaller quota, so nobody waits longer than a
   * minute for what a larger one had given. Nothing is used where nobody counted.
   */
  carryUsed(
    id: string,
    change: { readonly rate: Rate; readonly from: number | null; readonly to: number | null }
  ): Promise<void>
}

export interface Spending {
  readonly rate: Rate
  readonly amount: number
}

export interface Spent {
  readonly isAllowed: boolean
  /** Until all that was taken has come back, this included. */
  readonly debtMs: number
  /** The quota that it was counted by; null without one: nothing was counted then. */
  readonly perMinute: number | null
}

export interface IdempotencyRecord {
  readonly projectId: string
  readonly key: string
  readonly route: string
  readonly requestHash: string
  /** Null until the end of the transaction that makes it. */
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  } | null
  readonly createdAt: Date
}

export interface AuditFilter {
  readonly actor?: string
  readonly action?: string
  readonly subject?: string
  /** This instant and later. */
  readonly from?: Date
  /** Before this instant. */
  readonly until?: Date
}

export interface AuditStore {
  append(entry: AuditEntry): Promise<void>
  list(projectId: string, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>
}

type IdempotencyName = Pick<IdempotencyRecord, 'projectId' | 'key' | 'route'>

export interface IdempotencyStore {
  /** Removes what is older than 24 h before, of every project. */
  find(name: IdempotencyName, now: Date): Promise<IdempotencyRecord | null>
  /**
   * In a unit of work: waits for another one that has inserted it, and returns its record once that is committed. Throws
   * idempotency_in_progress when it has waited for seconds.
   */
  insert(record: IdempotencyRecord): Promise<IdempotencyRecord | null>
  finish(name: IdempotencyName, response: NonNullable<IdempotencyRecord['response']>): Promise<void>
}
