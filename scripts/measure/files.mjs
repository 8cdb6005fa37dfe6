import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Every file in a folder and its folders, in order. */
export function filesOf(folder) {
  return readdirSync(folder)
    .sort()
    .map(name => join(folder, name))
    .flatMap(path => (statSync(path).isDirectory() ? filesOf(path) : [path]))
}
