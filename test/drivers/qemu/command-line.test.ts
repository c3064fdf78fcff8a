import { describe, expect, test } from "vitest";
import { commandLine, type CommandLineContext } from "../../../drivers/qemu/command-line.js";
import type { QemuState } from "../../../drivers/qemu/state.js";
import { exampleState } from "./support.js";

function line(changes: Partial<QemuState> = {}, given: Partial<CommandLineContext> = {}, dir = "/m/vm"): string {
  const machine = { name: "vm", dir, state: { ...exampleState, ...changes } };
  const surroundings: CommandLineContext = { platform: "linux", accelerator: "kvm", hasSeed: false, isPaused: false };
  return commandLine(machine, { ...surroundings, ...given }).join(" ");
}

describe("QEMU's command line", () => {
  test("of an ordinary machine", () => {
    expect(line()).toBe(
      [
        "-name vm -uuid 0a1b2c3d-1111-4222-8333-444455556666",
        "-machine q35 -accel kvm -cpu max -smp 1 -m 256 -nodefaults -display none",
        "-blockdev driver=qcow2,node-name=disk0,discard=unmap,detect-zeroes=unmap,file.driver=file,file.filename=/m/vm/disk.qcow2,file.discard=unmap",
        "-device virtio-blk-pci,drive=disk0,bootindex=0",
        "-device virtio-scsi-pci,id=scsi0 -device scsi-cd,bus=scsi0.0,id=seed0",
        "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:22001-:22,hostfwd=tcp:127.0.0.1:22002-:2376",
        "-device virtio-net-pci,netdev=net0,mac=52:54:00:0a:1b:2c",
        "-device virtio-rng-pci -chardev file,id=console,path=/m/vm/console.log -serial chardev:console",
        "-chardev socket,id=monitor,path=/m/vm/qmp.sock,server=on,wait=off -mon chardev=monitor,mode=control",
        "-pidfile /m/vm/qemu.pid -daemonize",
      ].join(" "),
    );
  });

  test("has the firmware of arm64, and what it keeps for this machine alone", () => {
    const arm = line({ Architecture: "arm64" }, { accelerator: "hvf", firmware: "/fw/a,b.fd" });
    expect(arm).toContain(
      "-machine virt -accel hvf -cpu max -drive if=pflash,format=raw,readonly=on,file=/fw/a,,b.fd " +
        "-drive if=pflash,format=raw,file=/m/vm/efi-vars.fd ",
    );
    expect(line({ Architecture: "arm64" }, { accelerator: "tcg" })).toContain("-cpu max,pauth-impdef=on ");
  });

  test("on Windows does not leave its caller, and listens on a port", () => {
    const windows = line({ MonitorPort: 22_003 }, { platform: "win32", accelerator: "whpx" });
    expect(windows).toContain("-accel whpx,kernel-irqchip=off -cpu max,vmx=off ");
    expect(windows).toContain("-chardev socket,id=monitor,host=127.0.0.1,port=22003,server=on,wait=off ");
    expect(windows).not.toContain("-daemonize");
  });

  test("has the seed of the first boot while it is there, and waits when it is told to", () => {
    const first = line({}, { hasSeed: true, isPaused: true });
    expect(first).toContain(
      "-blockdev driver=raw,node-name=seed,read-only=on,file.driver=file,file.filename=/m/vm/seed.iso " +
        "-device scsi-cd,bus=scsi0.0,id=seed0,drive=seed ",
    );
    expect(first).toContain(" -S ");
  });

  test.each([
    ["vmnet", "vmnet-shared,id=net1"],
    ["tap:tap0", "tap,id=net1,ifname=tap0,script=no,downscript=no"],
    ["socket", "socket,id=net1,mcast=239.238.48.177:32245,localaddr=127.0.0.1"],
  ])("has a second interface on %s", (Network, netdev) => {
    expect(line({ Network })).toContain(`-netdev ${netdev} -device virtio-net-pci,netdev=net1,mac=52:54:01:0a:1b:2c `);
  });

  test("doubles commas in paths, and only where QEMU would end a value at them", () => {
    const odd = line({ ShareFolders: ["/a,b:c:/mnt"] }, {}, "/m,n");
    expect(odd).toContain("file.filename=/m,,n/disk.qcow2,");
    expect(odd).toContain("path=/m,,n/console.log ");
    expect(odd).toContain("-fsdev local,id=share0,path=/a,,b:c,security_model=none ");
    expect(odd).toContain("-device virtio-9p-pci,fsdev=share0,mount_tag=share0 ");
    expect(odd).toContain("-pidfile /m,n/qemu.pid ");
  });
});
