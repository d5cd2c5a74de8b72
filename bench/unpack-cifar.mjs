// Unpacks one split of CIFAR-10's JPEG pictures: `unpack-cifar.mjs FOLDER train|test`. Their archive lies in RESNET_TS_DATA.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { extract } from 'tar'

const [folder, split] = process.argv.slice(2)
const data = process.env.RESNET_TS_DATA
if (data === undefined) throw new Error('RESNET_TS_DATA must name the folder that holds cifar10-jpeg.tar')
mkdirSync(folder, { recursive: true })
await extract({
  file: join(data, 'cifar10-jpeg.tar'),
  cwd: folder,
  filter: (path) => path.split('/').includes(split),
})
