/**
 * What must be refused before the YAML parser sees it. The parser calls itself once per level; where that exhausts the
 * stack inside a regular expression, V8 ends the whole process (seen with Node 20 and 32,000 levels in 64 KiB).
 * So the levels are counted on the tokens first, which takes no stack.
 */
import { CST, Lexer } from 'yaml'
import { type Problem, position } from './problems.ts'

const MAX_FLOW = 32
/** `- - - x` opens a level for each dash, `a: b: c` one for each colon. Two or three are all that is ever written by hand. */
const MAX_IN_LINE = 16
const MAX_INDENT = 200

/** The first reason to refuse the text, or null. */
export function refuseStructure(text: string): Problem | null {
  let offset = 0
  let flow = 0
  let inLine = 0
  let atStart = true
  const problem = (message: string): Problem => ({ ...position(text, offset), path: '', message })
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token)
    switch (type) {
      case 'doc-mode':
      case 'flow-error-end':
      case 'scalar':
        continue // marks of the lexer's own, not in the text
      case 'directive-line':
        return problem('YAML directives (%) are not supported; leave the line out')
      case 'newline':
        inLine = 0
        break
      case 'flow-map-start':
      case 'flow-seq-start':
        flow += 1
        break
      case 'flow-map-end':
      case 'flow-seq-end':
        flow = Math.max(0, flow - 1)
        break
      case 'seq-item-ind':
      case 'explicit-key-ind':
      case 'map-value-ind':
        if (flow === 0) inLine += 1
        break
    }
    if (type === 'space' && atStart && token.length > MAX_INDENT) return problem('is indented too deeply')
    atStart = type === 'newline'
    if (flow > MAX_FLOW || inLine > MAX_IN_LINE) return problem('is nested too deeply')
    offset += token.length
  }
  return null
}
