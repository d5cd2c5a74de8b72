/** Files and folders that no user thinks of as part of a dataset. */

/** What systems and programs put there for themselves: no user thinks of it as part of a dataset. */
const systemNames: ReadonlySet<string> = new Set([
  ...[
    '.ds_store',
    'thumbs.db',
    'desktop.ini',
    'ehthumbs.db',
    '.directory',
    '.localized',
    '.gitkeep',
    '.gitignore',
  ],
  ...[
    '__macosx',
    '@eadir',
    '.git',
    '.ipynb_checkpoints',
    '.trash',
    '.trashes',
    '$recycle.bin',
    '.spotlight-v100',
  ],
  ...['.fseventsd', '.cache', '__pycache__', '.thumbnails', '.svn', '.hg', '.idea', '.vscode'],
])

export function isSystemName(name: string): boolean {
  return systemNames.has(name.toLowerCase()) || name.startsWith('._')
}
