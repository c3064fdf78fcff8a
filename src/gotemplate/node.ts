import { quote } from "./quote.js";
import type { Value } from "./value.js";

/** Where Go places a node in its error messages: an offset into the template, in UTF-16 units. */
interface NodeAtOffset {
  readonly offset: number;
}

/** A constant; `value` is absent for an integer that fits uint64 only, which fails when evaluated. */
export interface Literal extends NodeAtOffset {
  readonly type: "literal";
  readonly source: string;
  readonly value: Value | undefined;
}

/** `.A.B`, or with a variable first `$x.A.B` (`$` included in its name). */
export interface Path extends NodeAtOffset {
  readonly type: "field" | "variable";
  readonly names: readonly string[];
}

/** Fields of a computed value: `(index . 0).A`. */
export interface Chain extends NodeAtOffset {
  readonly type: "chain";
  readonly start: Operand;
  readonly names: readonly string[];
}

interface Identifier extends NodeAtOffset {
  readonly type: "identifier";
  readonly name: string;
}

interface Word extends NodeAtOffset {
  readonly type: "dot" | "nil";
}

export interface Pipeline extends NodeAtOffset {
  readonly type: "pipeline";
  /** The variables that get the value; `assigns` tells `=` from `:=`. */
  readonly variables: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly CommandNode[];
}

export interface CommandNode extends NodeAtOffset {
  readonly type: "command";
  readonly first: Operand;
  readonly args: readonly Operand[];
}

export type Operand = Literal | Path | Chain | Identifier | Word | Pipeline;

/** `if`, `with` and `range`. */
export interface Control {
  readonly type: "if" | "with" | "range";
  readonly pipeline: Pipeline;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[] | undefined;
}

/** `template` and the call that a `block` makes. */
export interface Invocation extends NodeAtOffset {
  readonly type: "template";
  readonly name: string;
  readonly pipeline: Pipeline | undefined;
}

export type Node =
  | Control
  | Invocation
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "action"; readonly pipeline: Pipeline }
  | { readonly type: "break" | "continue" };

/** A node in template syntax again, as Go's error messages show it. */
export function sourceOf(node: Operand | CommandNode | Invocation): string {
  switch (node.type) {
    case "literal":
      return node.source;
    case "field":
      return `.${node.names.join(".")}`;
    case "variable":
      return node.names.join(".");
    case "chain":
      return [enclosed(node.start), ...node.names].join(".");
    case "identifier":
      return node.name;
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "pipeline": {
      const variables = node.variables.length > 0 ? `${node.variables.join(", ")} := ` : "";
      return variables + node.commands.map(sourceOf).join(" | ");
    }
    case "command":
      return [node.first, ...node.args].map(enclosed).join(" ");
    case "template":
      return `{{template ${quote(node.name)}${node.pipeline === undefined ? "" : ` ${sourceOf(node.pipeline)}`}}}`;
  }
}

function enclosed(node: Operand): string {
  return node.type === "pipeline" ? `(${sourceOf(node)})` : sourceOf(node);
}
