/** Where the real photographs and checkpoints lie: the folder named by `RESNET_TS_DATA`; tests of them are skipped without it. */
export const dataFolder: string | undefined = process.env.RESNET_TS_DATA

/** The path of a file in the data folder. */
export function dataFile(name: string): string {
  return `${dataFolder}/${name}`
}
