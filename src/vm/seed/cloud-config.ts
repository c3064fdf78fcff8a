import { multipart, type KeyPair } from "../../driver/index.js";
import { asYaml } from "./yaml.js";

/** What user data is made of. */
export interface Login {
  /** Who may log in by ssh, with sudo without a password. */
  readonly user: string;
  /** A line for authorized_keys. */
  readonly authorizedKey: string;
  /** The machine's own, so that it is known before the first contact. */
  readonly hostKey: KeyPair;
  /** Text of the user's own user data: a cloud-config, which ours is merged with, or a script. */
  readonly userData?: string | undefined;
  /** Lines of fstab: what is mounted where, as cloud-init's `mounts` has them. */
  readonly mounts?: readonly (readonly string[])[];
}

/**
 * The user data of a machine. The user's own comes first: lists such as `users` and `mounts` get ours in front, keys
 * that are a matter of taste stay as the user has them, and the last part replaces what the first contact depends on.
 * @see https://cloudinit.readthedocs.io/en/latest/reference/merging.html
 */
export function userData(login: Login): Buffer {
  const { userData: theirs = "" } = login;
  if (theirs.trim() === "") return cloudConfig({ ...shared(login), ...essential(login) });
  return multipart([
    Buffer.from(theirs),
    cloudConfig({ ...shared(login), merge_how: "dict(no_replace,recurse_list)+list(prepend)+str()" }),
    cloudConfig({ ...essential(login), merge_how: "dict(replace)+list()+str()" }),
  ]);
}

function cloudConfig(config: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(`#cloud-config\n${asYaml(config)}\n`);
}

function shared({ user, authorizedKey, mounts = [] }: Login): Readonly<Record<string, unknown>> {
  return {
    users: [
      {
        name: user,
        // Without it useradd fails where a group of that name is there already, such as `docker`.
        primary_group: user,
        // cloud-init makes the group of the user only where there are others as well.
        groups: ["users"],
        lock_passwd: true,
        sudo: "ALL=(ALL) NOPASSWD:ALL",
        ssh_authorized_keys: [authorizedKey.trim()],
      },
    ],
    ...(mounts.length > 0 && { mounts }),
    // The name is known before any DNS is: sudo asks for it.
    manage_etc_hosts: "localhost",
    package_update: false,
    package_upgrade: false,
    runcmd: [["sh", "-c", likeBash, user]],
  };
}

/** Debian's useradd gives people a shell without a history; Alpine has no other. */
const likeBash = '[ ! -x /bin/bash ] || usermod --shell /bin/bash "$0" || true';

/** With keys of its own cloud-init makes none, so that the machine has no other than this one. */
function essential({ hostKey }: Login): Readonly<Record<string, unknown>> {
  return {
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
  };
}
