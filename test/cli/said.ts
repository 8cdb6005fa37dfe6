import type { Command } from 'commander'
import { vi } from 'vitest'
import { DiagnosticError } from '../../src/index.ts'

/** All that a command says, be it printed or thrown. */
export function said(command: Command, ...args: readonly string[]): string {
  const printed: string[] = []
  const print = (text: unknown): boolean => printed.push(String(text)) > 0
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(print),
    vi.spyOn(console, 'error').mockImplementation(print),
    vi.spyOn(process.stdout, 'write').mockImplementation(print),
  ]
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error
    printed.push(error.message)
  } finally {
    for (const spy of spies) spy.mockRestore()
    process.exitCode = undefined
  }
  return printed.join('\n')
}
