/** How a commit is named. */

/** 40 (or 64) lower-case hexadecimal digits. */
export type CommitId = string
