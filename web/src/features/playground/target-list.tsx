import type { ModelWire } from '../../../../src/contract/admin.ts'
import { ModelPicker } from './model-picker.tsx'
import { addTarget, MAX_TARGETS } from './select-compare.ts'
import { changeTargets, type PlaygroundForm, targetsOf } from './select-form.ts'

interface Props {
  readonly form: PlaygroundForm
  readonly models: readonly ModelWire[]
  readonly onChange: (form: PlaygroundForm) => void
}

/** The others that get the same prompt, and the way to add one. */
export function TargetList({ form, models, onChange }: Props) {
  const [, ...others] = targetsOf(form)
  const remove = (target: string) =>
    onChange(
      changeTargets(
        form,
        targetsOf(form).filter((each) => each !== target),
      ),
    )
  return (
    <section aria-label="Compare with">
      <p className="mb-1 font-medium">Compare with</p>
      {others.length > 0 && (
        <ul className="mb-2 flex flex-col gap-1.5">
          {others.map((target) => (
            <li key={target} className="chip w-full justify-between">
              <span className="min-w-0 flex-1 truncate px-2.5 py-1" title={target}>
                {target}
              </span>
              <button
                type="button"
                className="chip-clear"
                aria-label={`Do not compare with ${target}`}
                onClick={() => remove(target)}
              >
                <svg viewBox="0 0 16 16" className="size-3.5 fill-none stroke-current stroke-[1.5]" aria-hidden="true">
                  <path d="m4.5 4.5 7 7m0-7-7 7" />
                </svg>
              </button>
            </li>
          ))}
        </ul>
      )}
      {others.length + 1 < MAX_TARGETS ? (
        <ModelPicker
          models={models}
          value=""
          placeholder="Add an offer, a model or a route"
          onChange={(id) => onChange(changeTargets(form, addTarget(form, id)))}
        />
      ) : (
        <p className="label">Six at most.</p>
      )}
    </section>
  )
}
