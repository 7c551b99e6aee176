/** OpenAI's files, as far as batches need them: their clients work unchanged. */
import multipart from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { FileService, ReceivedFile } from '../../services/batches/files.ts'
import type { Services } from '../../services/services.ts'
import { readFormError } from '../core/form-errors.ts'
import { asFilename } from '../core/object-answers.ts'
import { discardBody } from '../core/refused-bodies.ts'
import { FILENAME_PATTERN, FILENAME_RULE } from '../core/text.ts'
import { IdParams, presentPage, toPageRequest } from '../schemas/common.ts'
import { DeletedFile, FileForm, presentFile, RequestFile, RequestFileList, RequestFileQuery } from '../schemas/file.ts'
import { Binary } from '../schemas/serving.ts'
import type { App } from '../server.ts'

const tags = ['batches']
const RAW = 'application/octet-stream'

export interface FileRoutesDeps extends Pick<Services, 'files'> {
  readonly limits: { readonly fileBytes: number }
}

const invalid = (path: string, message: string): AppError =>
  new AppError('invalid_request', { errors: [{ path, message }] })

/** Streamed: a file may be larger than memory should be. `onReceived` also where what comes behind it is refused. */
async function readForm(
  request: FastifyRequest,
  files: FileService,
  onReceived: (received: ReceivedFile) => void
): Promise<ReceivedFile> {
  const announced = Number(request.headers['content-length'])
  const room = await files.admit(request.principal.projectId, Number.isSafeInteger(announced) ? announced : null)
  let purpose: unknown
  let received: ReceivedFile | null = null
  for await (const part of request.parts()) {
    if (part.type === 'field' && part.fieldname === 'purpose') purpose = part.value
    else if (part.type === 'field' || part.fieldname !== 'file')
      throw invalid(`/${part.fieldname}`, 'is an unknown field')
    else if (received !== null) throw invalid('/file', 'must be one file')
    else {
      checkName(part.filename)
      received = await files.receive(part.filename, part.file, room)
      onReceived(received)
    }
  }
  if (purpose !== 'batch') throw invalid('/purpose', 'must be "batch"')
  if (received === null) throw invalid('/file', 'is required')
  return received
}

const FILENAME = new RegExp(FILENAME_PATTERN, 'u')
const MOST_NAME_CHARACTERS = 255

/** It is what a download is called, and shown in lists: the rule of uploads. */
function checkName(filename: string): void {
  const isShort = filename !== '' && filename.length <= MOST_NAME_CHARACTERS
  if (isShort && FILENAME.test(filename) && filename.isWellFormed()) return
  throw invalid('/file', `its name ${FILENAME_RULE}, of 1 to ${MOST_NAME_CHARACTERS} characters`)
}

export async function fileRoutes(app: App, deps: FileRoutesDeps): Promise<void> {
  await app.register(async (scope: App) => uploadRoute(scope, deps))
  const { files } = deps

  app.get(
    '/v1/files',
    {
      schema: {
        operationId: 'listFiles',
        tags,
        summary: 'List files of batches, newest first',
        querystring: RequestFileQuery,
        response: { 200: RequestFileList }
      },
      config: { hasOpenAiErrors: true }
    },
    async ({ query: { purpose, ...page }, principal }) =>
      presentPage(
        await files.list(principal.projectId, purpose === undefined ? {} : { purpose }, toPageRequest(page)),
        presentFile
      )
  )

  app.get(
    '/v1/files/:id',
    {
      schema: {
        operationId: 'getFile',
        tags,
        summary: 'Get a file, without its content',
        params: IdParams,
        response: { 200: RequestFile, 304: Type.Null() }
      },
      config: { hasOpenAiErrors: true, problems: ['file_not_found'] }
    },
    async ({ params, principal }) => presentFile(await files.get(principal.projectId, params.id))
  )

  app.get(
    '/v1/files/:id/content',
    {
      schema: {
        operationId: 'getFileContent',
        tags,
        summary: 'Download a file',
        params: IdParams,
        response: { 200: { description: 'JSONL.', content: { [RAW]: { schema: Binary } } } }
      },
      config: { hasOpenAiErrors: true, problems: ['file_not_found', 'storage_unavailable'] }
    },
    async (request, reply) => {
      const { file, content } = await files.open(request.principal.projectId, request.params.id)
      reply.type(RAW).headers({
        'content-length': String(file.bytes),
        'content-disposition': asFilename(file.filename)
      })
      return request.method === 'HEAD' ? reply.send() : reply.send(content())
    }
  )

  app.delete(
    '/v1/files/:id',
    {
      schema: {
        operationId: 'deleteFile',
        tags,
        summary: 'Delete a file',
        description: 'Refused while a batch reads it.',
        params: IdParams,
        response: { 200: DeletedFile }
      },
      config: { hasOpenAiErrors: true, problems: ['file_not_found', 'file_in_use'] }
    },
    async ({ params: { id }, principal }) => {
      await files.remove(principal.projectId, id)
      return { id, object: 'file', deleted: true } as const
    }
  )
}

async function uploadRoute(app: App, { files, limits }: FileRoutesDeps): Promise<void> {
  await app.register(multipart, {
    // What is larger than allowed is seen where it is counted.
    limits: { fileSize: limits.fileBytes + 1, files: 2, fields: 8, fieldSize: 1024, parts: 10 }
  })
  app.post(
    '/v1/files',
    {
      schema: {
        operationId: 'createFile',
        tags,
        summary: 'Upload the requests of a batch',
        description:
          "OpenAI's: a form with `purpose` and `file`. One that is announced as larger than the project has room for is refused before it is read.",
        body: { content: { 'multipart/form-data': { schema: FileForm } } },
        response: { 201: RequestFile }
      },
      config: {
        isStreamed: true,
        hasOpenAiErrors: true,
        problems: ['body_too_large', 'quota_exceeded', 'storage_unavailable', 'storage_full']
      }
    },
    async (request, reply) => {
      if (!request.isMultipart()) throw new AppError('unsupported_media_type')
      let received: ReceivedFile | null = null
      try {
        const read = await readForm(request, files, (one) => {
          received = one
        })
        const file = await files.keep(request.principal.projectId, read)
        return reply.code(201).header('location', `/v1/files/${file.id}`).send(presentFile(file))
      } catch (error) {
        if (received !== null) await files.drop(received)
        await discardBody(request, reply)
        throw readFormError(error)
      }
    }
  )
}
