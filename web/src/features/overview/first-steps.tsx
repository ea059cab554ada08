import { Link } from '@tanstack/react-router'
import { CopyButton } from '../../ui/copy-button.tsx'
import { EmptyState } from '../../ui/notice.tsx'

/** An empty ledger: how the first row gets into it. */
export function FirstSteps({ sandbox }: { sandbox: boolean }) {
  const command = [
    `curl ${window.location.origin}/v1/images/generations \\`,
    '  -H "authorization: Bearer $HALFTONE_API_KEY" \\',
    '  -H "content-type: application/json" \\',
    '  -d \'{"model": "auto", "prompt": "A lighthouse"}\'',
  ].join('\n')
  return (
    <EmptyState title={sandbox ? 'No play money was spent yet' : 'No money was spent yet'}>
      <p>
        <Link to="/playground">Make a picture in the playground</Link>, or send one request from a terminal. Any OpenAI client
        works with this address and a key of yours.
      </p>
      <div className="sheet mt-4 flex items-start gap-2 p-3 text-left">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable to be scrolled by keyboard */}
        <pre className="min-w-0 flex-1 overflow-x-auto font-mono text-[0.78rem] text-ink" tabIndex={0}>
          {command}
        </pre>
        <CopyButton text={command} label="Copy the command" />
      </div>
      <p className="mt-3">Its receipt, and every figure of this page, are there a moment later.</p>
    </EmptyState>
  )
}
