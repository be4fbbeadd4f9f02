import { type CommandMessage, definePlugin } from 'bulkhead/plugin';
import { describeDuration } from './duration.ts';
import {
  describeOptions,
  describeOutcome,
  describeStanding,
  findOption,
  type Poll,
  readPoll,
} from './vote.ts';

const USAGE = 'start 5m <question> | <a> | <b>, results, end';
const NO_POLL = 'No poll is running here. Start one: !poll start 5m Pizza or pasta? | pizza | pasta';

export default definePlugin({
  name: 'poll',
  displayName: 'Poll',
  version: '1.0.0',
  description: 'Votes with a timed end, one at a time in each channel',
  author: 'Bulkhead',
  setup(ctx) {
    const timers = new Map<string, () => void>();
    const keyOf = (channel: string) => `poll:${channel}`;
    const pollIn = (channel: string) => ctx.state.get<Poll>(keyOf(channel));

    /** The state has the polls and their ends; the timers are this generation's own, and set again by the next. */
    function armTimer({ channel, endsAt }: Poll): void {
      const announce = async () => ctx.bot.send(channel, describeOutcome(close(channel)!));
      timers.set(channel, ctx.timeout(Math.max(0, endsAt - Date.now()), announce));
    }

    /** Takes the poll out before anybody hears of it, so that it ends once only. */
    function close(channel: string): Poll | undefined {
      const poll = pollIn(channel);
      ctx.state.delete(keyOf(channel));
      timers.get(channel)?.();
      timers.delete(channel);
      return poll;
    }

    function start(text: string, { user, channel }: CommandMessage): string {
      const running = pollIn(channel);
      if (running !== undefined) return `One poll at a time. ${describeStanding(running, Date.now())}`;
      const asked = readPoll(text);
      if (typeof asked === 'string') return asked;
      const { ms, question, options } = asked;
      const endsAt = Date.now() + ms;
      const poll: Poll = { channel, question, options, votes: new Map(), startedBy: user, endsAt };
      ctx.state.set(keyOf(channel), poll);
      armTimer(poll);
      return `${user} asks: ${question} ${describeOptions(poll)}. Vote with !vote <number>, ${describeDuration(ms)} left.`;
    }

    function vote(choice: string, { user, channel }: CommandMessage): string {
      const poll = pollIn(channel);
      if (poll === undefined) return NO_POLL;
      const option = findOption(poll, choice);
      if (option === undefined) return `Vote with a number: ${describeOptions(poll)}`;
      const voter = user.toLowerCase();
      const before = poll.votes.get(voter);
      poll.votes.set(voter, option);
      ctx.state.set(keyOf(channel), poll);
      const changed = before === undefined || before === option ? '' : ` instead of ${poll.options[before]}`;
      return `${user} votes for ${poll.options[option]}${changed}.`;
    }

    function results({ channel }: CommandMessage): string {
      const poll = pollIn(channel);
      return poll === undefined ? NO_POLL : describeStanding(poll, Date.now());
    }

    function end({ user, channel }: CommandMessage): string {
      const poll = pollIn(channel);
      if (poll === undefined) return NO_POLL;
      if (poll.startedBy !== user) return `Only ${poll.startedBy}, who started this poll, can end it early.`;
      return describeOutcome(close(channel)!);
    }

    ctx.command(
      'poll',
      { usage: USAGE, description: 'Starts a vote, shows how it stands, ends it' },
      ([action = 'results', ...rest], message) => {
        const text = rest.join(' ');
        switch (action.toLowerCase()) {
          case 'start':
            return start(text, message);
          case 'vote':
            return vote(text, message);
          case 'results':
            return results(message);
          case 'end':
            return end(message);
          default:
            return `I know !poll ${USAGE}`;
        }
      },
    );

    ctx.command(
      'vote',
      { usage: '<number>', description: 'Votes in the poll of this channel' },
      (args, message) => vote(args.join(' '), message),
    );

    for (const [, poll] of ctx.state.entries() as [string, Poll][]) armTimer(poll);
  },
});
