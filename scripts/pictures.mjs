// Draws the example pictures: each SVG in examples/pictures becomes the PNG beside it.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const folder = fileURLToPath(new URL('../examples/pictures/', import.meta.url))
for (const name of readdirSync(folder).filter((file) => file.endsWith('.svg'))) {
  const png = name.replace(/\.svg$/, '.png')
  await sharp(folder + name, { density: 96 })
    .resize(384, 384)
    .png({ palette: true, colours: 64, effort: 10 })
    .toFile(folder + png)
  console.log(png)
}
