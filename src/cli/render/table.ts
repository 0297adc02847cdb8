import { oneLine } from '../../text.ts'

/** A cell is text, or text with a style that does not count for its width. */
export type Cell = string | { text: string; style: (text: string) => string }

/** Columns side by side, two blanks between, nothing behind the last. Cells are made printable and put on one line. */
export function table(head: string[], rows: Cell[][], headStyle: (text: string) => string = (text) => text): string {
  const cells = [head.map((text): Cell => ({ text, style: headStyle })), ...rows].map((row) =>
    row.map((cell) =>
      typeof cell === 'string' ? { text: oneLine(cell), style: null } : { text: oneLine(cell.text), style: cell.style },
    ),
  )
  const widths = head.map((_, column) => Math.max(...cells.map((row) => width(row[column]?.text ?? ''))))
  return cells
    .map((row) =>
      row
        .map(({ text, style }, column) => {
          const gap = column === row.length - 1 ? '' : ' '.repeat((widths[column] ?? 0) - width(text) + 2)
          return (style === null ? text : style(text)) + gap
        })
        .join(''),
    )
    .join('\n')
}

const width = (text: string) => [...text].length
