import { access } from "node:fs/promises";

/** UEFI for arm64: its code, and the variables that each machine starts with. */
export interface Firmware {
  readonly code: string;
  readonly variables: string;
}

/** Where Debian, Fedora, openSUSE, Homebrew and QEMU's own installer put it. */
const places: readonly Firmware[] = [
  { code: "/usr/share/AAVMF/AAVMF_CODE.fd", variables: "/usr/share/AAVMF/AAVMF_VARS.fd" },
  {
    code: "/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw",
    variables: "/usr/share/edk2/aarch64/vars-template-pflash.raw",
  },
  { code: "/usr/share/qemu/aavmf-aarch64-code.bin", variables: "/usr/share/qemu/aavmf-aarch64-vars.bin" },
  ...["/opt/homebrew/share/qemu", "/usr/local/share/qemu", "/usr/share/qemu", "C:/Program Files/qemu/share"].map(
    (folder) => ({ code: `${folder}/edk2-aarch64-code.fd`, variables: `${folder}/edk2-arm-vars.fd` }),
  ),
];

/** The first one that is whole; undefined where there is none. */
export async function findFirmware(among: readonly Firmware[] = places): Promise<Firmware | undefined> {
  for (const firmware of among) {
    const found = await Promise.allSettled([access(firmware.code), access(firmware.variables)]);
    if (found.every(({ status }) => status === "fulfilled")) return firmware;
  }
  return undefined;
}
