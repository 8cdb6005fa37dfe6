/** How a text is coloured: each function wraps a piece in whatever makes it stand out. */
export interface Style {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly strong: (text: string) => string
  readonly dim: (text: string) => string
}

const plain = (text: string): string => text

/** No colour at all: files, pipes, tests. The command line passes a coloured one when it writes to a terminal. */
export const PLAIN: Style = { good: plain, bad: plain, strong: plain, dim: plain }
