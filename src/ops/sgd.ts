/**
 * A step of stochastic gradient descent with momentum and weight decay over many tensors, by PyTorch's rules:
 * g = scale · gradient + decay · p, v' = momentum · v + g, p' = p - rate · v', or p - rate · (g + momentum · v') by Nesterov's.
 * A momentum that starts at zero makes the first step PyTorch's too.
 */
import { ShapeError } from '../errors.ts'
import { item, type Operation } from './operation.ts'
import { checkGradientShape, formatShape, sameShape } from './shape.ts'

/** (rate [], decay [], scale [], momentum [], parameters..., gradients..., momenta...) -> (parameters..., momenta...). */
export const sgd: Operation<{ readonly nesterov: boolean }> = {
  name: 'sgd',
  shapes(inputs) {
    for (const [i, what] of ['rate', 'decay', 'scale', 'momentum'].entries()) {
      const shape = item(inputs, i, 'sgd')
      if (shape.length !== 0)
        throw new ShapeError(`sgd needs a ${what} of shape [], not ${formatShape(shape)}`)
    }
    const { parameters, gradients, momenta } = thirds(inputs)
    if (parameters.length === 0 || momenta.length !== parameters.length) {
      throw new ShapeError(
        `sgd needs parameters and as many gradients and momenta, not ${inputs.length - 4} tensors`,
      )
    }
    for (const [i, parameter] of parameters.entries()) {
      checkGradientShape(item(gradients, i, 'sgd'), parameter, 'sgd')
      const momentum = item(momenta, i, 'sgd')
      if (!sameShape(momentum, parameter)) {
        throw new ShapeError(
          `sgd needs a momentum of shape ${formatShape(parameter)}, not ${formatShape(momentum)}`,
        )
      }
    }
    return [...parameters, ...parameters]
  },
  reference(inputs, { nesterov }) {
    const at = (input: number) => item(inputs, input, 'sgd').data[0] ?? 0
    const [rate, decay, scale, momentum] = [at(0), at(1), at(2), at(3)]
    const { parameters, gradients, momenta } = thirds(inputs)
    const decayed = parameters.map(({ data }, k) => {
      const gradient = item(gradients, k, 'sgd').data
      return data.map((p, i) => scale * (gradient[i] ?? 0) + decay * p)
    })
    const nextMomenta = decayed.map((g, k) => {
      const v = item(momenta, k, 'sgd').data
      return g.map((value, i) => momentum * (v[i] ?? 0) + value)
    })
    const nextParameters = parameters.map(({ data }, k) => {
      const [g, v] = [item(decayed, k, 'sgd'), item(nextMomenta, k, 'sgd')]
      return data.map((p, i) => p - rate * (nesterov ? (g[i] ?? 0) + momentum * (v[i] ?? 0) : (v[i] ?? 0)))
    })
    return [...nextParameters, ...nextMomenta]
  },
}

/** What follows the four numbers: parameters, their gradients, their momenta. */
function thirds<T>(inputs: readonly T[]) {
  const count = Math.ceil((inputs.length - 4) / 3)
  const part = (k: number) => inputs.slice(4 + k * count, 4 + (k + 1) * count)
  return { parameters: part(0), gradients: part(1), momenta: part(2) }
}
