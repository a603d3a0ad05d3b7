/** Segments of what was said, from its words. */
import type { TranscriptSegment, TranscriptWord } from "../openai/transcriptions.ts";

/** Seconds and characters a line of subtitles has at most: two lines, as long as one reads. */
const LONGEST = 7;
const MOST_CHARACTERS = 84;

export interface SpokenWord extends TranscriptWord {
  speaker?: string;
}

/** Lines: to the end of a sentence, as long as one can read, of one speaker. */
export function linesOf(words: readonly SpokenWord[]): TranscriptSegment[] {
  return grouped(words, (line, word) => {
    const text = textOf(line);
    const [first, last] = [line[0], line.at(-1)];
    return (
      first === undefined ||
      last?.speaker !== word.speaker ||
      /[.!?。！？]["'”’)]*$/.test(text) ||
      text.length + word.word.length > MOST_CHARACTERS ||
      word.end - first.start > LONGEST
    );
  });
}

/** What each speaker says in turn. */
export function turnsOf(words: readonly SpokenWord[]): TranscriptSegment[] {
  return grouped(words, (turn, word) => turn.at(-1)?.speaker !== word.speaker);
}

function grouped(
  words: readonly SpokenWord[],
  isNew: (group: readonly SpokenWord[], word: SpokenWord) => boolean,
): TranscriptSegment[] {
  const groups: SpokenWord[][] = [];
  for (const word of words) {
    const group = groups.at(-1);
    if (group === undefined || isNew(group, word)) groups.push([word]);
    else group.push(word);
  }
  return groups.map((group, id) => {
    const [first, last] = [group[0] as SpokenWord, group.at(-1) as SpokenWord]; // no group is empty
    const { speaker } = first;
    return { id, start: first.start, end: last.end, text: textOf(group), ...(speaker !== undefined && { speaker }) };
  });
}

/** Words may bring their spaces, or not. */
function textOf(words: readonly SpokenWord[]): string {
  const haveSpaces = words.some(({ word }) => /^\s|\s$/.test(word));
  return words.map(({ word }) => word).join(haveSpaces ? "" : " ");
}
