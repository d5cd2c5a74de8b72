// Draws the PNG beside an SVG: of the example pictures, and of the README's plot, since the registry's page shows no SVG.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const folder = fileURLToPath(new URL('../examples/pictures/', import.meta.url))
const docs = fileURLToPath(new URL('../docs/', import.meta.url))
for (const name of readdirSync(folder).filter((file) => file.endsWith('.svg'))) {
  const png = name.replace(/\.svg$/, '.png')
  await sharp(folder + name, { density: 96 })
    .resize(384, 384)
    .png({ palette: true, colours: 64, effort: 10 })
    .toFile(folder + png)
  console.log(png)
}

const plot = 'roofline-resnet50'
await sharp(`${docs}${plot}.svg`, { density: 144 })
  .flatten({ background: '#ffffff' })
  .png({ palette: true, colours: 64, effort: 10 })
  .toFile(`${docs}${plot}.png`)
console.log(`${plot}.png`)
