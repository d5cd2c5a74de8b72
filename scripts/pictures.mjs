// Draws the PNG beside each SVG: of the example pictures, and of the README's plot, since the registry's page shows no SVG.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const small = { palette: true, colours: 64, effort: 10 }

for (const folder of ['examples/pictures/', 'examples/browser/pictures/']) {
  for (const name of readdirSync(at(folder)).filter((file) => file.endsWith('.svg'))) {
    const png = folder + name.replace(/\.svg$/, '.png')
    await sharp(at(folder + name), { density: 96 })
      .resize(384, 384)
      .png(small)
      .toFile(at(png))
    console.log(png)
  }
}
const plot = 'docs/roofline-resnet50'
await sharp(at(`${plot}.svg`), { density: 144 })
  .flatten({ background: '#ffffff' })
  .png(small)
  .toFile(at(`${plot}.png`))
console.log(`${plot}.png`)
