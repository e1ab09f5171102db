import type { TokenSessions } from '../load/range-tasks.ts';
import type { Asked } from './messages.ts';

interface Member {
  readonly number: number;
  readonly threads: number;
  heardMs: number;
  ready: boolean;
  left: boolean;
  idle: boolean;
  cpuMs: number;
  tokenSessions: TokenSessions;
}

/** The workers of a run: who came, who was heard of lately, and what each one has used in all. */
export class Roster {
  readonly #members = new Map<string, Member>();
  readonly #silentAfterMs: number;

  constructor(silentAfterMs: number) {
    this.#silentAfterMs = silentAfterMs;
  }

  /** @returns its number, from 1; the same when it asks again */
  join({ worker, threads }: Asked<'join'>, nowMs: number): number {
    const known = this.#members.get(worker);
    if (known !== undefined) return known.number;
    const number = this.#members.size + 1;
    const tokenSessions = { opened: 0, open: 0 };
    const fresh = { ready: false, left: false, idle: true, cpuMs: 0, tokenSessions };
    this.#members.set(worker, { number, threads, heardMs: nowMs, ...fresh });
    return number;
  }

  /** What it has used only grows: a message that comes late takes nothing back. */
  hear({ worker, ready, cpuMs, tokenSessions, ranges }: Asked<'snapshot'>, nowMs: number): void {
    const member = this.#members.get(worker);
    if (member === undefined) return;
    Object.assign(member, { heardMs: nowMs, ready, idle: ranges.length === 0 });
    if (cpuMs < member.cpuMs) return;
    Object.assign(member, { cpuMs, tokenSessions });
  }

  /** @returns its number */
  leave(worker: string): number | undefined {
    const member = this.#members.get(worker);
    if (member !== undefined) member.left = true;
    return member?.number;
  }

  numberOf(worker: string): number | undefined {
    return this.#members.get(worker)?.number;
  }

  /** All who ever came. */
  get joined(): number {
    return this.#members.size;
  }

  get threads(): number {
    return this.#sum(({ threads }) => threads);
  }

  get cpuMs(): number {
    return this.#sum(({ cpuMs }) => cpuMs);
  }

  get tokenSessions(): TokenSessions {
    return {
      opened: this.#sum(({ tokenSessions }) => tokenSessions.opened),
      open: this.#sum(({ tokenSessions }) => tokenSessions.open),
    };
  }

  /** When one who has not left was last heard of; -Infinity when all have left. */
  get lastHeardMs(): number {
    return Math.max(...this.#present().map(({ heardMs }) => heardMs));
  }

  /** Of those who were heard of lately. */
  areAllReady(nowMs: number): boolean {
    const alive = this.#alive(nowMs);
    return alive.length > 0 && alive.every(({ ready }) => ready);
  }

  /** No one who was heard of lately has a range in hand. */
  areAllIdle(nowMs: number): boolean {
    return this.#alive(nowMs).every(({ idle }) => idle);
  }

  haveAllLeft(nowMs: number): boolean {
    return this.#alive(nowMs).length === 0;
  }

  #alive(nowMs: number): readonly Member[] {
    return this.#present().filter(({ heardMs }) => nowMs - heardMs <= this.#silentAfterMs);
  }

  #present(): readonly Member[] {
    return [...this.#members.values()].filter(({ left }) => !left);
  }

  #sum(of: (member: Member) => number): number {
    return Iterator.from(this.#members.values()).reduce((sum, member) => sum + of(member), 0);
  }
}
