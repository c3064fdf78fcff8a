import type * as sdk from "@aws-sdk/client-ec2";
import { failure } from "./failure.js";

/** Filter name -> the values that a thing has for it; `tag:KEY` and `tag-key` need no entry. */
export type Filters<T> = Readonly<Record<string, (thing: T) => readonly (string | number | boolean | undefined)[]>>;

/**
 * The things that meet every filter by one of its values, in which `*` and `?` stand for any text and character.
 * @throws Failure InvalidParameterValue when a filter is unknown or has no value
 */
export function filtered<T extends { readonly Tags?: sdk.Tag[] | undefined }>(
  things: readonly T[],
  wanted: readonly sdk.Filter[] | undefined,
  filters: Filters<T>,
): T[] {
  const tests = (wanted ?? []).map(({ Name = "", Values = [] }) => {
    const values = valuesOf(Name, filters);
    if (values === undefined) throw failure("InvalidParameterValue", `The filter '${Name}' is invalid`);
    if (Values.length > 200) {
      throw failure("FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200");
    }
    if (Values.length === 0) throw failure("InvalidParameterValue", `The filter '${Name}' has no value`);
    const patterns = Values.map(pattern);
    return (thing: T) => values(thing).some((value) => patterns.some((regexp) => regexp.test(String(value))));
  });
  return things.filter((thing) => tests.every((test) => test(thing)));
}

function valuesOf<T extends { readonly Tags?: sdk.Tag[] | undefined }>(name: string, filters: Filters<T>) {
  if (name === "tag-key") return (thing: T) => (thing.Tags ?? []).map(({ Key }) => Key);
  if (!name.startsWith("tag:")) return filters[name];
  const key = name.slice("tag:".length);
  return (thing: T) => (thing.Tags ?? []).filter(({ Key }) => Key === key).map(({ Value }) => Value);
}

function pattern(value: string): RegExp {
  const escaped = value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return RegExp(`^${escaped.replaceAll("\\*", ".*").replaceAll("\\?", ".")}$`, "s");
}

/** How a kind of thing is named by ids: `i-...` with the codes of the errors. */
export interface Ids {
  readonly prefix: string;
  /** As the message says it, such as "instance ID". */
  readonly what: string;
  readonly malformed: string;
  readonly notFound: string;
}

/**
 * The things of these ids, in their order.
 * @throws Failure as `ids` names it: one that is no id, or that no thing has
 */
export function byIds<T>(
  things: readonly T[],
  wanted: readonly string[],
  idOf: (thing: T) => string | undefined,
  { prefix, what, malformed, notFound }: Ids,
): T[] {
  const form = RegExp(`^${prefix}-(?:[0-9a-f]{8}|[0-9a-f]{17})$`);
  const bad = wanted.find((id) => !form.test(id));
  if (bad !== undefined) throw failure(malformed, `Invalid id: "${bad}" (expecting "${prefix}-...")`);
  const missing = wanted.filter((id) => !things.some((thing) => idOf(thing) === id));
  if (missing.length > 0) {
    const [verb, s] = missing.length === 1 ? ["does", ""] : ["do", "s"];
    throw failure(notFound, `The ${what}${s} '${missing.join(", ")}' ${verb} not exist`);
  }
  return wanted.flatMap((id) => things.filter((thing) => idOf(thing) === id));
}

/** What DescribeX has in common for paging. */
export interface Paging {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/**
 * One page; all of it without MaxResults.
 * @throws Failure InvalidParameterValue, InvalidParameterCombination (with ids), InvalidNextToken
 */
export function page<T>(
  things: readonly T[],
  { MaxResults: size, NextToken: token }: Paging,
  ids?: readonly string[],
  [least, most]: readonly [number, number] = [5, 1000],
): { readonly items: T[]; readonly NextToken?: string } {
  if (size !== undefined && ids !== undefined && ids.length > 0) {
    throw failure("InvalidParameterCombination", "The parameter ids cannot be used with the parameter maxResults");
  }
  if (size !== undefined && (size < least || size > most)) {
    throw failure(
      "InvalidParameterValue",
      `Value ( ${String(size)} ) for parameter maxResults is invalid. Expecting a value between ${String(least)} and ${String(most)}.`,
    );
  }
  const start = token === undefined ? 0 : readToken(token);
  const end = start + (size ?? things.length);
  const items = things.slice(start, end);
  return end < things.length ? { items, NextToken: tokenOf(end) } : { items };
}

function tokenOf(start: number): string {
  return Buffer.from(`from ${String(start)}`).toString("base64");
}

function readToken(token: string): number {
  const start = /^from (\d+)$/.exec(Buffer.from(token, "base64").toString())?.[1];
  if (start === undefined) throw failure("InvalidNextToken", "The token is not valid.");
  return Number(start);
}
