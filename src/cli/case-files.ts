import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { KernelCase } from '../conformance/case.ts'

/**
 * The recorded cases of a file, one JSON object a line; a name that ends in `.gz` says that it is compressed.
 *
 * @throws SyntaxError naming file and line where a line is not JSON
 */
export function readCases(file: string): KernelCase[] {
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line) as KernelCase]
    } catch (error) {
      throw new SyntaxError(`${file}:${index + 1}: ${error instanceof Error ? error.message : error}`)
    }
  })
}

/** Whether a file's name says that it holds recorded cases. */
export function isCaseFile(name: string): boolean {
  return /\.jsonl(\.gz)?$/.test(name)
}
