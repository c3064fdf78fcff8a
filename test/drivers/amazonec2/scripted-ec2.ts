import type { Calls, Ec2 } from "../../../drivers/amazonec2/api/calls.js";
import { explain } from "../../../drivers/amazonec2/api/failure.js";

/** An answer, a function of the input that gives one, or EC2's code of a refusal. */
export type Answers = {
  readonly [N in keyof Calls]?: Scripted<N> | readonly Scripted<N>[];
};
type Answer<N extends keyof Calls> = Omit<Calls[N][1], "$metadata">;
type Scripted<N extends keyof Calls> = Answer<N> | string | ((input: Calls[N][0]) => Answer<N> | string);

export interface ScriptedEc2 extends Ec2 {
  /** What was asked, in order. */
  readonly asked: readonly { readonly name: keyof Calls; readonly input: unknown }[];
  inputs<N extends keyof Calls>(name: N): readonly Calls[N][0][];
}

/** An EC2 that answers what the script says; a list is one answer for each call, the last one for all that follow. */
export function scriptedEc2(answers: Answers): ScriptedEc2 {
  const asked: { name: keyof Calls; input: unknown }[] = [];
  return {
    asked,
    inputs: <N extends keyof Calls>(name: N) =>
      asked.filter((one) => one.name === name).map(({ input }) => input as Calls[N][0]),
    call: <N extends keyof Calls>(name: N, input: Calls[N][0]): Promise<Calls[N][1]> => {
      const before = asked.filter((one) => one.name === name).length;
      asked.push({ name, input });
      const script: unknown = answers[name];
      const said: unknown = Array.isArray(script) ? (script as unknown[])[Math.min(before, script.length - 1)] : script;
      const answer: unknown = typeof said === "function" ? (said as (given: unknown) => unknown)(input) : said;
      if (typeof answer === "string") return Promise.reject(explain(name, refusal(answer)));
      if (answer === undefined) return Promise.reject(new Error(`not in the script: ${name}`));
      return Promise.resolve({ $metadata: {}, ...answer } as Calls[N][1]);
    },
  };
}

/** An error as the SDK throws it. */
export function refusal(code: string, message = `${code} it is`): Error {
  return Object.assign(new Error(message), { name: code, $fault: "client", $metadata: { httpStatusCode: 400 } });
}
