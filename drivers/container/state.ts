import { checkSaved, isPort, isText, type DriverState } from "../../src/driver/index.js";
import type { ContainerEngine } from "./engine.js";

/** The `Driver` object of config.json. */
export interface ContainerState extends DriverState, ContainerEngine {
  /** The container's name: the machine's, and some letters that no other container has. */
  readonly Container: string;
  /** Empty until ours is built. */
  readonly Image: string;
  /** Port on this computer; 0 until it is chosen, as is SSHPort. */
  readonly EnginePort: number;
  /** `SHA256:...`; empty until it is made. */
  readonly SSHHostKey: string;
  readonly Network: string;
  /** Its own on that network; absent until the engine has said it. */
  readonly PeerAddress?: string;
  /** As the engine's program takes them; empty or none: no limit, nothing. */
  readonly CPUs: string;
  readonly Memory: string;
  readonly Publish: readonly string[];
  readonly Volumes: readonly string[];
}

/** What only a config.json that somebody has edited is not; ports are 0 until they are chosen. */
export function checkState(state: ContainerState): void {
  const isChosenOrNot = (port: number): boolean => port === 0 || isPort(port);
  checkSaved(state, {
    Program: [["docker", "podman"].includes(state.Program), "docker or podman"],
    Engine: [isText(state.Engine, /^((unix|npipe):[^\0]+)?$/), "the URL of a socket"],
    Container: [isText(state.Container, /^[\w.-]+$/), "the name of a container"],
    Network: [isText(state.Network, /^[\w.-]+$/), "the name of a network"],
    PeerAddress: [state.PeerAddress === undefined || isText(state.PeerAddress, /^[\da-f.:]+$/i), "an address"],
    EnginePort: [isChosenOrNot(state.EnginePort), "a port"],
    SSHPort: [isChosenOrNot(state.SSHPort), "a port"],
    SSHHostKey: [isText(state.SSHHostKey), "text"],
  });
}
