import { isBlank, isCloudConfig, isObject, multipart, type JsonObject, type KeyPair } from "../../driver/index.js";
import { listsIn, type Lists } from "./lists-in.js";
import { asYaml } from "./yaml.js";

/** What user data is made of. */
export interface Login {
  /** Who may log in by ssh, with sudo without a password. */
  readonly user: string;
  /** A line for authorized_keys. */
  readonly authorizedKey: string;
  /** The machine's own, so that it is known before the first contact. */
  readonly hostKey: KeyPair;
  /** The user's own user data, of any form that cloud-init takes. */
  readonly userData?: Buffer | undefined;
  /** Lines of fstab: what is mounted where, as cloud-init's `mounts` has them. */
  readonly mounts?: readonly (readonly string[])[];
}

/**
 * The user data of a machine. The user's own comes first; keys that are a matter of taste stay as it has them; the last
 * part replaces what the first contact depends on. Lists such as `users` and `mounts` get ours in front: of a
 * cloud-config they are put together here, since cloud-init merges lists only with lists; of any other form by its rules.
 * @throws MachineError `usage` for a cloud-config that cloud-init would not understand
 * @see https://cloudinit.readthedocs.io/en/latest/reference/merging.html
 */
export async function userData(login: Login): Promise<Buffer> {
  const { userData: theirs = Buffer.alloc(0) } = login;
  const ours = listsFor(login);
  if (isBlank(theirs)) return cloudConfig({ ...ours, ...taste, ...essential(login) });
  const isRead = isCloudConfig(theirs);
  const asTheyLike = { ...taste, ...(isRead ? {} : ours) };
  const asWeNeed = { ...essential(login), ...(isRead ? together(ours, await listsIn(theirs)) : {}) };
  return multipart([
    theirs,
    cloudConfig({ ...asTheyLike, merge_how: "dict(no_replace,recurse_list)+list(prepend)+str()" }),
    cloudConfig({ ...asWeNeed, merge_how: "dict(replace)+list()+str()" }),
  ]);
}

/** Without lists that are empty. */
function cloudConfig(config: Readonly<Record<string, unknown>>): Buffer {
  const said = Object.entries(config).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  return Buffer.from(`#cloud-config\n${asYaml(Object.fromEntries(said))}\n`);
}

type OurLists = ReturnType<typeof listsFor>;

function listsFor({ user, authorizedKey, mounts = [] }: Login) {
  const us = {
    name: user,
    // Without it useradd fails where a group of that name is there already, such as `docker`.
    primary_group: user,
    // cloud-init makes the group of the user only where there are others as well.
    groups: ["users"],
    lock_passwd: true,
    sudo: "ALL=(ALL) NOPASSWD:ALL",
    ssh_authorized_keys: [authorizedKey.trim()],
  };
  return { users: [us] as [typeof us], mounts, runcmd: [["sh", "-c", likeBash, user]] };
}

/** Ours before theirs; the image's own user is made where they name none; of two with one name both keys are good. */
function together(ours: OurLists, { users = ["default"], runcmd = [], mounts = [] }: Lists): Lists {
  const [us] = ours.users;
  const isUs = (one: unknown): one is JsonObject => isObject(one) && one["name"] === us.name;
  const same = users.find(isUs) ?? {};
  const { groups, ssh_authorized_keys: keys } = same;
  const we = {
    ...same,
    ...us,
    groups: [...us.groups, ...(typeof groups === "string" ? groups.split(/\s*,\s*/) : listOf(groups))],
    ssh_authorized_keys: [...us.ssh_authorized_keys, ...listOf(keys)],
  };
  return {
    users: [we, ...users.filter((one) => !isUs(one))],
    runcmd: [...ours.runcmd, ...runcmd],
    mounts: [...ours.mounts, ...mounts],
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Debian's useradd gives people a shell without a history; Alpine has no other. */
const likeBash = '[ ! -x /bin/bash ] || usermod --shell /bin/bash "$0" || true';

const taste = {
  // The name is known before any DNS is: sudo asks for it.
  manage_etc_hosts: "localhost",
  package_update: false,
  package_upgrade: false,
};

/** With keys of its own cloud-init makes none, so that the machine has no other than this one. */
function essential({ hostKey }: Login): Readonly<Record<string, unknown>> {
  return {
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
  };
}
