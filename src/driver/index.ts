/** The public contract: all that a driver may import. */
export * from "./boot-id.js";
export * from "./check.js";
export * from "./driver.js";
export * from "./error.js";
export * from "./event.js";
export * from "./file-failure.js";
export * from "./home.js";
export * from "./io.js";
export * from "./machine.js";
export * from "./option.js";
export * from "./port.js";
export * from "./reserve.js";
export * from "./saved-state.js";
export * from "./step.js";
export * from "./templates.js";
export * from "./transport.js";
export * from "./user-data.js";
export { fingerprintOf, keyFile, makeKeyPair, saveKeyPair, type KeyPair } from "./key-pair.js";
