// What the pictures of the demo show: shapes and textures, as SVG about the origin, in the colour of the group around
// them. Shapes have a radius of about 1; textures repeat with a period of about 1, as far as any picture can see.

const reach = 8
const rows = Array.from({ length: 2 * reach + 1 }, (_, row) => row - reach)
const number = (value) => value.toFixed(3)
const points = (list) => list.map(([x, y]) => `${number(x)},${number(y)}`).join(' ')
const polygon = (list) => `<polygon points="${points(list)}"/>`
const line = (list, width) =>
  `<polyline points="${points(list)}" fill="none" stroke="currentColor" stroke-width="${number(width)}" stroke-linecap="round"/>`
const around = (count, radius) =>
  Array.from({ length: count }, (_, corner) => {
    const angle = (2 * Math.PI * corner) / count
    return [radius(corner) * Math.cos(angle), radius(corner) * Math.sin(angle)]
  })

/** Draws each kind, by its name, with the random numbers of one picture. */
export const shapes = {
  circle: () => '<circle r="1"/>',
  square: () => '<rect x="-0.85" y="-0.85" width="1.7" height="1.7"/>',
  triangle: () => polygon(around(3, () => 1.15)),
  star: (random) => {
    const inner = random.between(0.38, 0.5)
    return polygon(around(10, (corner) => (corner % 2 === 0 ? 1.15 : inner)))
  },
  cross: (random) => {
    const arm = random.between(0.24, 0.36)
    const bar = `x="-1.1" y="${number(-arm)}" width="2.2" height="${number(2 * arm)}"`
    return `<rect ${bar}/><rect ${bar} transform="rotate(90)"/>`
  },
  ring: (random) => {
    const width = random.between(0.28, 0.45)
    return `<circle r="${number(1 - width / 2)}" fill="none" stroke="currentColor" stroke-width="${number(width)}"/>`
  },
  crescent: (random) => {
    // The inner arc's radius, from its height over the chord between the horns.
    const height = random.between(0.25, 0.5)
    const radius = number((1 + height ** 2) / (2 * height))
    return `<path d="M0.4,-1 A1,1 0 1 0 0.4,1 A${radius},${radius} 0 0 1 0.4,-1"/>`
  },
  spiral: (random) => {
    const turns = random.between(2, 2.8)
    const hand = random.chance(0.5) ? 1 : -1
    const steps = 60
    const arm = Array.from({ length: steps + 1 }, (_, step) => {
      const angle = (2 * Math.PI * turns * step) / steps
      return [(1.1 * step * Math.cos(angle)) / steps, (hand * 1.1 * step * Math.sin(angle)) / steps]
    })
    return line(arm, random.between(0.16, 0.24))
  },
}

export const textures = {
  stripes: (random) => {
    const width = number(random.between(0.35, 0.6))
    const bar = (row) => `M${-reach},${row}h${2 * reach}v${width}h${-2 * reach}z`
    return `<path d="${rows.map(bar).join('')}"/>`
  },
  checks: () => {
    const side = 0.75
    const cells = rows.flatMap((row) => rows.map((column) => [row, column]))
    const dark = cells.filter(([row, column]) => (row + column) % 2 === 0)
    const cell = ([row, column]) => `M${column * side},${row * side}h${side}v${side}h${-side}z`
    return `<path d="${dark.map(cell).join('')}"/>`
  },
  dots: (random) => {
    const shift = random.chance(0.5) ? 0.5 : 0
    const centres = rows.flatMap((row) => rows.map((column) => [column + shift * (row & 1), row]))
    // Strokes of no length with round ends.
    const dots = centres.map(([x, y]) => `M${x},${y}h0`).join('')
    const width = number(random.between(0.5, 0.72))
    return `<path d="${dots}" stroke="currentColor" stroke-width="${width}" stroke-linecap="round"/>`
  },
  waves: (random) => {
    const height = random.between(0.35, 0.5)
    const period = random.between(1.5, 2.2)
    const xs = Array.from({ length: 10 * reach + 1 }, (_, step) => step / 5 - reach)
    const wave = (row) => xs.map((x) => [x, row + height * Math.sin((2 * Math.PI * x) / period)])
    const width = random.between(0.35, 0.5)
    return rows.map((row) => line(wave(row), width)).join('')
  },
}
