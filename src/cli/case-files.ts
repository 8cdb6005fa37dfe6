import { gunzipSync } from 'node:zlib'
import type { KernelCase } from '../conformance/case.ts'
import { FileError, readBytes } from './input.ts'

/**
 * The recorded cases of a file, one JSON object a line; a name that ends in `.gz` says that it is compressed.
 *
 * @throws FileError when it cannot be read, or naming the line that is not JSON
 */
export function readCases(file: string): KernelCase[] {
  const bytes = readBytes(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line) as KernelCase]
    } catch (error) {
      const why = error instanceof Error ? error.message : error
      throw new FileError(`${file}:${index + 1}`, `no recorded case: ${why}`)
    }
  })
}

/** Whether a file's name says that it holds recorded cases. */
export function isCaseFile(name: string): boolean {
  return /\.jsonl(\.gz)?$/.test(name)
}
