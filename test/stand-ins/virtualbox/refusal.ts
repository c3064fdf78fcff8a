import { type Release, fullVersion, programName, atLeast } from "./release.js";

/** What VBoxManage says and returns when it does not do as it is told. */
export interface Refusal extends Error {
  /** Each follows `VBoxManage: error: `. */
  readonly lines: readonly string[];
  readonly exitCode: number;
  /** With the banner before, and the usage of the command after it. */
  readonly usage: boolean;
  /** Of an operation that showed its progress. */
  readonly progress?: ResultCode;
}

export type ResultCode = keyof typeof results;

const results = {
  NOT_FOUND: ["VBOX_E_OBJECT_NOT_FOUND", 0x80bb0001],
  INVALID_VM_STATE: ["VBOX_E_INVALID_VM_STATE", 0x80bb0002],
  VM_ERROR: ["VBOX_E_VM_ERROR", 0x80bb0003],
  FILE_ERROR: ["VBOX_E_FILE_ERROR", 0x80bb0004],
  IPRT_ERROR: ["VBOX_E_IPRT_ERROR", 0x80bb0005],
  INVALID_OBJECT_STATE: ["VBOX_E_INVALID_OBJECT_STATE", 0x80bb0007],
  NOT_SUPPORTED: ["VBOX_E_NOT_SUPPORTED", 0x80bb0009],
  OBJECT_IN_USE: ["VBOX_E_OBJECT_IN_USE", 0x80bb000c],
  PLATFORM_ARCH: ["VBOX_E_PLATFORM_ARCH_NOT_SUPPORTED", 0x80bb0012],
  INVALIDARG: ["NS_ERROR_INVALID_ARG", 0x80070057],
  FAIL: ["NS_ERROR_FAILURE", 0x80004005],
  ACCESSDENIED: ["E_ACCESSDENIED", 0x80070005],
} as const;

const onWindows: Partial<Record<ResultCode, string>> = { INVALIDARG: "E_INVALIDARG", FAIL: "E_FAIL" };

/** An object of VirtualBox's API that reports an error. */
export type Component = "VirtualBox" | "Machine" | "SessionMachine" | "Medium" | "Console" | "Host" | "NATEngine";

/** A wrong command line: the banner, the error, the usage; 2. */
export function syntaxError(message: string): Refusal {
  return refusal([message], 2, true);
}

/** A wrong argument: only the error; 2. */
export function argumentError(message: string): Refusal {
  return refusal([message], 2);
}

/** Only the error; 1. */
export function plainError(...lines: readonly string[]): Refusal {
  return refusal(lines, 1);
}

/** What the stand-in does not know although VirtualBox may; 99, so that a test which meets it fails by it. */
export function notImplemented(what: string): Refusal {
  return refusal([`(stand-in) not implemented: ${what}`], 99);
}

/** An error of the API; 1. @param context the call that failed, as VBoxManage's source has it */
export function apiError(
  release: Release,
  code: ResultCode,
  message: string,
  [component, context]: readonly [Component, string?],
): Refusal {
  const callee = release.system === "windows" ? "IUnknown" : "nsISupports";
  const name = component === "SessionMachine" ? "Machine" : component;
  const wrap = component === "SessionMachine" ? component : `${component}Wrap`;
  const details = `Details: code ${resultText(release, code)}, component ${wrap}, interface I${name}`;
  if (context === undefined) return refusal([message, details], 1);
  return refusal(
    [message, `${details}, callee ${callee}`, `Context: "${context}" at line 1 of file VBoxManage.cpp`],
    1,
  );
}

/** An operation that failed after its progress was shown. */
export function progressError(error: Refusal, code: ResultCode, summary: string): Refusal {
  return Object.assign(refusal([summary, ...error.lines], 1), { progress: code });
}

/** `VBOX_E_OBJECT_NOT_FOUND (0x80bb0001)` */
export function resultText(release: Release, code: ResultCode): string {
  return `${resultName(release, code)} (0x${results[code][1].toString(16)})`;
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && "lines" in error && "exitCode" in error;
}

/** What goes to stderr. */
export function refusalText(release: Release, error: Refusal, usage: string): string {
  const text = error.lines.map((line) => `${programName(release)}: error: ${line}\n`).join("");
  if (error.progress !== undefined) return `0%...\nProgress state: ${resultName(release, error.progress)}\n${text}`;
  if (!error.usage) return text;
  const banner = logo(release);
  return atLeast(release, "7.0") ? `${banner}${text}\n${usage}` : `${banner}${usage}\n${text}`;
}

function logo(release: Release): string {
  const product = atLeast(release, "7.1") ? "Oracle VirtualBox" : "Oracle VM VirtualBox";
  const [version = ""] = fullVersion(release).split("r");
  const copyright = atLeast(release, "7.0")
    ? "Copyright (C) 2005-2025 Oracle and/or its affiliates"
    : "(C) 2005-2021 Oracle Corporation\nAll rights reserved.";
  return `${product} Command Line Management Interface Version ${version}\n${copyright}\n\n`;
}

function resultName(release: Release, code: ResultCode): string {
  return (release.system === "windows" ? onWindows[code] : undefined) ?? results[code][0];
}

function refusal(lines: readonly string[], exitCode: number, usage = false): Refusal {
  return Object.assign(new Error(lines.join("\n")), { lines, exitCode, usage });
}
