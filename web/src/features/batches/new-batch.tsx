import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { BatchQuote } from '../../../../src/contract/batch-endpoints.ts'
import { batchKeys, uploadLines } from '../../api/batches-queries.ts'
import { call } from '../../api/client.ts'
import { statusQuery } from '../../api/queries.ts'
import { exactUsd } from '../../lib/money.ts'
import { Field, Form, SelectField, TextArea } from '../../ui/form.tsx'
import { ErrorNotice } from '../../ui/notice.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { QuoteOf } from './quote-of.tsx'
import { type Endpoint, endpointOf, endpoints, endpointTexts, selectQuote } from './select-batches.ts'

const ways = [
  { value: 'file', label: 'A file' },
  { value: 'text', label: 'Lines' },
] as const

const example =
  '{"custom_id": "mug-1", "method": "POST", "url": "/v1/images/generations", "body": {"model": "auto", "prompt": "a red mug on white"}}'

/** Enough to tell what the first line asks for, unless pictures stand before its address. */
const HEAD_BYTES = 65_536

interface Priced {
  readonly fileId: string
  readonly endpoint: Endpoint
  readonly quote: BatchQuote
}

/** From a file or pasted lines to a batch, with its price in between. */
export function NewBatch({ onClose }: { onClose: () => void }) {
  const [way, setWay] = useState<'file' | 'text'>('file')
  const [file, setFile] = useState<File>()
  const [text, setText] = useState('')
  const [endpoint, setEndpoint] = useState<Endpoint>('/v1/images/generations')
  const [tried, setTried] = useState(false)
  const status = useQuery(statusQuery)
  const upload = useUploaded()
  const lines = way === 'file' ? file : text.trim() === '' ? undefined : new Blob([text])
  const price = useMutation({
    mutationFn: async (blob: Blob): Promise<Priced> => {
      const asked = endpointOf(await blob.slice(0, HEAD_BYTES).text()) ?? endpoint
      setEndpoint(asked)
      const fileId = await upload.put(blob, way === 'file' && file ? file.name : 'lines.jsonl')
      return { fileId, endpoint: asked, quote: await call('quoteBatch', { body: { input_file_id: fileId, endpoint: asked } }) }
    },
  })
  const start = useStart(upload.keep)
  // What was priced is not what stands in the form any more.
  const change = (set: () => void) => {
    set()
    price.reset()
    start.reset()
  }
  const submit = () => {
    setTried(true)
    if (lines) price.mutate(lines)
  }
  const priced = price.data
  const problem = tried && !lines ? (way === 'file' ? 'Choose a file.' : 'Write a line, or more.') : undefined
  return (
    <Form error={price.error} fields={[]} onSubmit={submit}>
      <p className="text-muted">
        A line is a request as a client would send it, as JSON. It is priced first; nothing is made before you start it.
      </p>
      <Segmented label="Where the lines come from" choices={ways} value={way} onChange={(next) => change(() => setWay(next))} />
      {way === 'file' ? (
        <Field name="file" label="File" hint="JSON lines, 50,000 at most." problem={problem}>
          {(wired) => (
            <input
              {...wired}
              type="file"
              accept=".jsonl,.ndjson,.json,.txt,application/jsonl"
              className="field"
              onChange={(event) => change(() => setFile(event.target.files?.[0]))}
            />
          )}
        </Field>
      ) : (
        <TextArea
          name="lines"
          label="Lines"
          className="num min-h-48 resize-y font-mono text-[0.8rem] whitespace-pre"
          wrap="off"
          spellCheck={false}
          placeholder={example}
          value={text}
          problem={problem}
          onChange={(event) => change(() => setText(event.target.value))}
        />
      )}
      <SelectField
        name="endpoint"
        label="What the lines ask for"
        hint="Read from the first line, where it says so."
        value={endpoint}
        onChange={(event) => change(() => setEndpoint(endpoints.find((each) => each === event.target.value) ?? endpoint))}
      >
        {endpoints.map((each) => (
          <option key={each} value={each}>
            {endpointTexts[each]}
          </option>
        ))}
      </SelectField>
      {priced && <QuoteOf quote={priced.quote} />}
      {start.error && <ErrorNotice error={start.error} title="It was not started" />}
      <div className="flex flex-wrap items-center justify-end gap-2 border-t border-rule pt-4">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        {priced ? (
          <button
            type="button"
            className="button button-primary"
            disabled={!selectQuote(priced.quote).ready || start.isPending || status.isPending}
            onClick={() => start.mutate(priced)}
          >
            {(status.data?.spends_money ?? true) ? `Start it for about ${exactUsd(priced.quote.expected_usd)}` : 'Start it'}
          </button>
        ) : (
          <button type="submit" className="button button-primary" disabled={price.isPending}>
            {price.isPending ? 'Pricing it' : 'Price it'}
          </button>
        )}
      </div>
    </Form>
  )
}

/** The upload that stands for what is in the form. One that is not used is deleted again. */
function useUploaded() {
  const standing = useRef<string>(undefined)
  useEffect(() => () => drop(standing), [])
  return {
    async put(lines: Blob, name: string): Promise<string> {
      drop(standing)
      const { id } = await uploadLines(lines, name)
      standing.current = id
      return id
    },
    keep: () => {
      standing.current = undefined
    },
  }
}

function drop(standing: { current: string | undefined }): void {
  const id = standing.current
  standing.current = undefined
  // Left alone it expires with the images of its project.
  if (id !== undefined) call('deleteFile', { id }).catch(() => undefined)
}

function useStart(onStarted: () => void) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: ({ fileId, endpoint }: Priced) =>
      call('createBatch', { body: { input_file_id: fileId, endpoint, completion_window: '24h' } }),
    onSuccess: async (batch) => {
      onStarted()
      queryClient.setQueryData(batchKeys.batch(batch.id), batch)
      await queryClient.invalidateQueries({ queryKey: batchKeys.list })
      await navigate({ to: '/batches/$batch', params: { batch: batch.id } })
    },
  })
}
