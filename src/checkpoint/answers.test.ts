import { expect, test } from 'vitest'
import { checkpointOf } from '../../test/checkpoint.ts'
import { answersFrom } from './answers.ts'
import { sourceOfBytes } from './bytes.ts'

const graphOf = (...layers: readonly (readonly [string, string?])[]) =>
  checkpointOf([], {
    topology: {
      layers: layers.map(([className, activation], i) => ({
        name: `layer_${i}`,
        className,
        config: activation === undefined ? {} : { activation },
        inputs: [],
      })),
    },
  })

test.each([
  ['softmax in the last layer', graphOf(['Conv2D', 'linear'], ['Dense', 'softmax']), undefined],
  ['a softmax layer', graphOf(['Dense', 'linear'], ['Softmax']), undefined],
  ['sigmoid in the last layer', graphOf(['Dense', 'sigmoid'], ['Dropout']), 'each'],
  ['a sigmoid layer', graphOf(['Dense', 'linear'], ['Activation', 'sigmoid']), 'each'],
  ['scores alone', graphOf(['Dense', 'linear']), undefined],
  ['no graph', checkpointOf([]), undefined],
])('%s says what the scores are', async (_, checkpoint, answers) => {
  expect((await answersFrom(checkpoint, { headless: false, classes: 3 })).fields.answers).toBe(answers)
  const one = await answersFrom(checkpoint, { headless: false, classes: 1 })
  expect(one.fields.answers).toBe('each')
  expect(one.notes[0]).toContain('taken for no or yes')
})

test('an activation that is not followed is said, and so are several labels of Hugging Face', async () => {
  const { notes } = await answersFrom(graphOf(['Dense', 'tanh']), { headless: false, classes: 3 })
  expect(notes).toEqual(['its last activation, tanh, is not followed: softmax is taken'])
  const text = '{"problem_type": "multi_label_classification"}'
  const beside = async (name: string) =>
    name === 'config.json' ? sourceOfBytes(name, Buffer.from(text)) : undefined
  const { fields } = await answersFrom(checkpointOf([], { beside }), { headless: false, classes: 3 })
  expect(fields.answers).toBe('each')
})
