import * as Comlink from 'comlink';
import { checkBatch } from './check.ts';
import { ComlinkEndpoint } from './comlink-endpoint.ts';
import {
  type Batch,
  type Channel,
  type Frame,
  LIMITS,
  type NoteFrame,
  type Outcome,
  type RequestFrame,
  type ResponseFrame,
} from './frames.ts';
import { snapshot } from './snapshot.ts';
import { decodeError, encodeError } from './wire-error.ts';

/** What one side offers: functions of one argument, by name. */
export type Dispatcher = Record<string, (value: never) => unknown>;

export interface LinkOptions {
  channel: Channel;
  /** What the other side may call. Only these names, and nothing behind them, can be reached. */
  methods: Dispatcher;
  /** One-way messages the other side may send, by name. */
  notes: Dispatcher;
  /** Called once, with the reason, when something malformed arrived. Nothing more is read; it is time to call `end`. */
  onViolation: (reason: string) => void;
}

type RemoteFunctions = Record<string, (value: unknown) => Promise<Outcome>>;

/**
 * comlink over a {@link Channel}, with what comlink lacks. Every frame is checked before comlink sees it; all frames of
 * one tick travel in one message, if nobody flushes before its end; errors keep `code` and `cause`; `end` settles whatever
 * still waits.
 *
 * Two endpoints share the channel, one for comlink's `expose` (requests) and one for its `wrap` (responses), so that
 * neither is handed the other's frames. The proxy is held for as long as the link, because comlink lets go of the
 * endpoint when it is collected.
 */
export class Link {
  readonly #channel: Channel;
  readonly #notes: Dispatcher;
  readonly #noteNames: ReadonlySet<string>;
  readonly #methodNames: ReadonlySet<string>;
  readonly #onViolation: (reason: string) => void;
  readonly #pending = new Set<string>();
  readonly #requests: ComlinkEndpoint<ResponseFrame, RequestFrame>;
  readonly #responses: ComlinkEndpoint<RequestFrame, ResponseFrame>;
  readonly #remote: RemoteFunctions;
  readonly #requestFunctions = new Map<string, (value: unknown) => Promise<Outcome>>();
  #outbox: Batch = [];
  #flushPlanned = false;
  #broken = false;
  #ended: (() => unknown) | undefined;

  constructor(options: LinkOptions) {
    this.#channel = options.channel;
    this.#notes = nullPrototype(options.notes);
    this.#noteNames = new Set(Object.keys(options.notes));
    this.#methodNames = new Set(Object.keys(options.methods));
    this.#onViolation = options.onViolation;
    this.#requests = new ComlinkEndpoint((answer) => this.#send(answer));
    this.#responses = new ComlinkEndpoint((request) => {
      this.#pending.add(request.id);
      this.#send(request);
    });
    Comlink.expose(settling(options.methods), this.#requests);
    this.#remote = Comlink.wrap(this.#responses) as unknown as RemoteFunctions;
    options.channel.onBatch((batch) => this.receive(batch));
  }

  /** Calls a function of the other side. Rejects with its error, or with that of {@link end}. */
  async request(name: string, value: unknown): Promise<unknown> {
    const outcome = await this.exchange(name, value);
    if (outcome.ok) return outcome.value;
    throw decodeError(outcome.error);
  }

  /** Like {@link request}, with the error as data. Never rejects. */
  exchange(name: string, value: unknown): Promise<Outcome> {
    if (this.#ended !== undefined) return Promise.resolve({ ok: false, error: encodeError(this.#ended()) });
    let call = this.#requestFunctions.get(name);
    if (call === undefined) {
      call = this.#remote[name]!;
      this.#requestFunctions.set(name, call);
    }
    return call(value);
  }

  /** Sends a one-way message. */
  note(name: string, value: unknown): void {
    this.#send({ type: 'NOTE', name, value });
  }

  /** Hands everything sent so far to the channel now, instead of at the end of the tick. */
  flush(): void {
    if (this.#outbox.length === 0) return;
    const batch = this.#outbox;
    this.#outbox = [];
    for (let start = 0; start < batch.length; start += LIMITS.framesPerBatch) {
      this.#post(batch.slice(start, start + LIMITS.framesPerBatch));
    }
  }

  /** Takes what came off the channel. Nothing in it can throw into the caller. */
  receive(batch: unknown): void {
    if (this.#ended !== undefined || this.#broken) return;
    const problem = checkBatch(batch, this.#methodNames, this.#noteNames);
    if (problem !== undefined) {
      this.#violation(problem);
      return;
    }
    for (const frame of batch as Batch) {
      try {
        this.#deliver(frame);
      } catch (error) {
        this.#violation(`frame '${frame.type}' could not be handled: ${String(error)}`);
        return;
      }
    }
  }

  /** Closes the link; every request that waits, and every later one, rejects with what `error` makes. */
  end(error: () => unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#outbox = [];
    this.#channel.close();
    for (const id of this.#pending) this.#fail(id, error());
    this.#pending.clear();
    this.#requests.cut();
    this.#responses.cut();
  }

  /** What cannot be posted must not throw into whoever runs next: the rest goes without it, and its request fails. */
  #post(batch: Batch): void {
    try {
      this.#channel.post(batch);
    } catch (error) {
      const [frame] = batch;
      if (batch.length > 1) {
        const middle = batch.length >> 1;
        this.#post(batch.slice(0, middle));
        this.#post(batch.slice(middle));
      } else if (frame?.type === 'APPLY' && this.#pending.delete(frame.id)) this.#fail(frame.id, error);
    }
  }

  #fail(id: string, error: unknown): void {
    this.#responses.deliver({ id, type: 'RAW', value: { ok: false, error: encodeError(error) } });
  }

  #violation(reason: string): void {
    this.#broken = true;
    this.#onViolation(reason);
  }

  #deliver(frame: Frame): void {
    if (frame.type === 'NOTE') this.#deliverNote(frame);
    else if (frame.type === 'APPLY') this.#requests.deliver(frame);
    else if (this.#pending.delete(frame.id)) this.#responses.deliver(frame);
  }

  #deliverNote(frame: NoteFrame): void {
    this.#notes[frame.name]!(frame.value as never);
  }

  #send(frame: Frame): void {
    if (this.#ended !== undefined) return;
    this.#outbox.push(frame);
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    // After the microtasks: what a whole chain of promises sends in this tick goes into one message.
    process.nextTick(() => {
      this.#flushPlanned = false;
      this.flush();
    });
  }
}

/** A null-prototype dispatcher whose functions never throw: what goes wrong is part of the outcome. */
function settling(methods: Dispatcher): Dispatcher {
  const dispatcher: Dispatcher = Object.create(null);
  for (const [name, method] of Object.entries(methods)) {
    dispatcher[name] = async (value: never): Promise<Outcome> => {
      try {
        return { ok: true, value: snapshot(await method(value), 'the result') };
      } catch (error) {
        return { ok: false, error: encodeError(error) };
      }
    };
  }
  return dispatcher;
}

function nullPrototype(dispatcher: Dispatcher): Dispatcher {
  return Object.assign(Object.create(null), dispatcher);
}
