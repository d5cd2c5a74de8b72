/** Whether markup is XML, which libxml2 says, the parser within `sharp` that reads SVG. */
import sharp from 'sharp'

/** Rejects with what is wrong. Pages are read as the content of a drawing, since the parser takes nothing else. */
export async function parseXml(markup: string): Promise<void> {
  const content = markup.replace(/^<!DOCTYPE html>/, '')
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" style="width: 1px; height: 1px">${content}</svg>`
  await sharp(Buffer.from(svg), { unlimited: true }).metadata()
}
