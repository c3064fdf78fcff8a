import { asStep } from "../core/create/run-steps.js";
import { providerIo } from "../core/session/io.js";
import type { Session } from "../core/session/session.js";
import { MachineError, text } from "../driver/index.js";
import {
  catalogue,
  chooseImage,
  defaultImage,
  fetchImage,
  hostArchitecture,
  labelOf,
  megabytes,
  pruneImages,
  shortDigest,
  storedImages,
  type StoredImage,
  type Use,
} from "../vm/index.js";
import { defineCommand } from "../cli/command.js";
import type { Output } from "../cli/output.js";

export const image = defineCommand({
  usage: "ls | pull [NAME|URL|FILE] | prune",
  options: {
    digest: text({ help: "Digest that the image to pull must have: sha256:HEX or sha512:HEX", default: "" }),
  },

  async run({ args: [what, ...args], values: { digest }, session, out }) {
    if (args.length > (what === "pull" ? 1 : 0)) throw new MachineError("usage", "too many arguments");
    if (digest !== "" && what !== "pull") throw new MachineError("usage", "--digest is for pull");
    if (what === "ls") await list(session, out);
    else if (what === "pull") await pull(args[0] ?? defaultImage, digest, session, out);
    else if (what === "prune") await prune(session, out);
    else throw new MachineError("usage", "image can ls, pull or prune");
  },
});

/** Those of the catalogue, whether they are here or not, and what else is here. */
async function list(session: Session, out: Output): Promise<void> {
  const [stored, machines] = [await storedImages(session.store.root), await session.store.list()];
  const row = (name: string, architecture: string | null, digest: string, image: StoredImage | undefined) => {
    const users = machines.filter((one) => "config" in one && digestIn(one.config.Driver) === digest);
    return { name, architecture, cachedBytes: image?.kept ?? null, digest, usedBy: users.map((one) => one.name) };
  };
  const storedAs = (digest: string): StoredImage | undefined => stored.find((one) => one.digest === digest);
  const rows = [
    ...catalogue.map(({ name, architecture, digest }) => row(name, architecture, digest, storedAs(digest))),
    ...stored
      .filter(({ digest }) => !catalogue.some((one) => one.digest === digest))
      .map((one) => row(labelOf({ url: one.source, digest: one.digest }), null, one.digest, one)),
  ];
  const cells = rows.map(({ name, architecture, cachedBytes, digest, usedBy }) => {
    const cached = cachedBytes === null ? "-" : `${megabytes(cachedBytes)} MB`;
    return [name, architecture ?? "-", cached, shortDigest(digest), usedBy.join(" ") || "-"];
  });
  out.table([["NAME", "ARCH", "CACHED", "DIGEST", "USED BY"], ...cells]);
  out.json(rows);
}

async function pull(given: string, digest: string, session: Session, out: Output): Promise<void> {
  const chosen = chooseImage(given, digest, hostArchitecture(), session.env);
  const event = { machine: labelOf(chosen), step: "get the image" };
  const got = await asStep({ ...session, io: providerIo(session) }, event, (io) =>
    fetchImage(session.store.root, chosen, io),
  );
  if (chosen.digest === "") {
    out.note(`Nobody said which digest ${event.machine} must have. To have this one again: --digest ${got.digest}`);
  }
  out.text(got.path);
  out.json({ path: got.path, digest: got.digest });
}

async function prune(session: Session, out: Output): Promise<void> {
  const { store } = session;
  const lock: Parameters<typeof pruneImages>[1]["lock"] = (name, work) => store.lockNamed(name, work, { wait: 100 });
  const removed = await pruneImages(store.root, { lock }, () => use(session));
  out.json(removed.map(({ name, bytes }) => ({ name, bytes })));
  out.text(...removed.map(({ name, bytes }) => `Removed ${name} (${megabytes(bytes)} MB)`));
  const freed = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  out.note(removed.length === 0 ? "There is nothing to remove." : `${megabytes(freed)} MB are free again.`);
  const { hasUnpinned, isUnknown } = await use(session);
  if (isUnknown) out.note("A machine's config.json is broken: all images stay, as it may use any of them.");
  else if (hasUnpinned)
    out.note("A machine is not complete: images that were pulled without a digest stay, as it may use one.");
}

/** A machine of an image whose digest was not known has none in its state until it has got that image. */
async function use({ store }: Session): Promise<Use> {
  const machines = await store.list();
  const digests = machines.flatMap((one) => ("config" in one ? [digestIn(one.config.Driver)] : []));
  return {
    digests: new Set(digests.filter((one) => one !== undefined)),
    hasUnpinned: digests.includes(""),
    isUnknown: machines.some((one) => "error" in one),
  };
}

/** Of the image that a machine's disk is made of; undefined for a machine that is made of none. */
function digestIn(state: object): string | undefined {
  if (!("ImageDigest" in state) || typeof state.ImageDigest !== "string") return undefined;
  return "ImageURL" in state && state.ImageURL === "" ? undefined : state.ImageDigest;
}
