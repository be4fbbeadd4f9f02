import { describeDuration, parseDuration } from './duration.ts';

export interface Poll {
  channel: string;
  question: string;
  options: string[];
  /** The index of the option each user chose; a map, because users choose their names. */
  votes: Map<string, number>;
  startedBy: string;
  /** Milliseconds since 1970: unlike a remaining time, it stays right while nobody counts. */
  endsAt: number;
}

const MIN_MS = 1000;
const MAX_MS = 7 * 86_400_000;
const MAX_OPTIONS = 10;
const MAX_TEXT = 300;
const EXAMPLE = '!poll start 5m Pizza or pasta? | pizza | pasta';

/** Reads `5m Pizza or pasta? | pizza | pasta`, or says in a line what is wrong with it. */
export function readPoll(text: string): { ms: number; question: string; options: string[] } | string {
  const [, time = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(text.trim()) ?? [];
  const ms = parseDuration(time);
  if (ms === undefined) return `How long? Write seconds or a time such as 5m first: ${EXAMPLE}`;
  if (ms < MIN_MS || ms > MAX_MS) return 'A poll lasts from 1 second to 7 days.';
  const [question = '', ...options] = rest.split('|').map((part) => part.trim());
  if (question === '') return `What is the question? ${EXAMPLE}`;
  if (rest.length > MAX_TEXT) return `That is too long, a poll has at most ${MAX_TEXT} characters.`;
  if (options.length === 0) return { ms, question, options: ['yes', 'no'] };
  if (options.includes('')) return 'One of the options is empty.';
  if (options.length < 2 || options.length > MAX_OPTIONS) {
    return `A poll has 2 to ${MAX_OPTIONS} options: ${EXAMPLE}`;
  }
  if (new Set(options.map((option) => option.toLowerCase())).size < options.length) {
    return 'Two of the options are the same.';
  }
  return { ms, question, options };
}

/** The index of an option that was named by its number or its text. */
export function findOption({ options }: Poll, choice: string): number | undefined {
  const number = /^\d{1,2}$/.test(choice) ? Number(choice) : 0;
  if (number >= 1 && number <= options.length) return number - 1;
  const byText = options.findIndex((option) => option.toLowerCase() === choice.toLowerCase());
  return byText === -1 ? undefined : byText;
}

/** `1) pizza 2) pasta` */
export function describeOptions({ options }: Poll): string {
  return options.map((option, index) => `${index + 1}) ${option}`).join(' ');
}

/** `Pizza or pasta? 1) pizza: 3 (75 %) 2) pasta: 1 (25 %). 40 seconds left, vote with !vote <number>.` */
export function describeStanding(poll: Poll, now: number): string {
  const { question, options, votes, endsAt } = poll;
  const counts = countVotes(poll);
  const standing = options.map((option, index) => {
    const count = counts[index]!;
    const share = votes.size === 0 ? '' : ` (${Math.round((count / votes.size) * 100)} %)`;
    return `${index + 1}) ${option}: ${count}${share}`;
  });
  return `${question} ${standing.join(' ')}. ${describeDuration(endsAt - now)} left, vote with !vote <number>.`;
}

/** `Poll ended. Pizza or pasta? pizza wins with 3 of 4 votes.` */
export function describeOutcome(poll: Poll): string {
  return `Poll ended. ${poll.question} ${verdict(poll)}`;
}

function verdict(poll: Poll): string {
  const total = poll.votes.size;
  if (total === 0) return 'Nobody voted.';
  const counts = countVotes(poll);
  const most = Math.max(...counts);
  const winners = poll.options.filter((_option, index) => counts[index] === most);
  const votes = `${most} of ${total} ${total === 1 ? 'vote' : 'votes'}`;
  if (winners.length === 1) return `${winners[0]} wins with ${votes}.`;
  return `A tie between ${winners.slice(0, -1).join(', ')} and ${winners.at(-1)}, ${votes} each.`;
}

function countVotes({ options, votes }: Poll): number[] {
  const counts = options.map(() => 0);
  for (const choice of votes.values()) counts[choice]!++;
  return counts;
}
