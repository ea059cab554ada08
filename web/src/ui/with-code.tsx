import { codeParts } from '../lib/words.ts'

/** A text of the gateway whose commands stand between backticks. */
export const WithCode = ({ text }: { text: string }) =>
  codeParts(text).map((part) =>
    part.code ? (
      <code key={part.text} className="text-[0.9em]">
        {part.text}
      </code>
    ) : (
      part.text
    ),
  )
