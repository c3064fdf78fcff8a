#!/bin/sh
# Makes the disk of a Debian that boots by BIOS, with cloud-init and an engine inside, from packages alone: no loop
# device, no mount, no download but those of apt. It is what a cloud image is, less what costs time at boot.
#
# usage: build-image.sh OUTPUT    As root. OUTPUT becomes a qcow2 file; one that is there is left alone.
set -eu

# cloud-init's parts that do nothing without being asked are kept: users' own cloud-configs ask for them.
packages=systemd,systemd-sysv,dbus,udev,linux-image-cloud-amd64,busybox-static,zstd
packages=$packages,openssh-server,sudo,cloud-init,cloud-guest-utils,e2fsprogs,fdisk,procps,iproute2,netbase
packages=$packages,curl,ca-certificates,docker.io,apparmor,iptables

# Sectors of 512 bytes: where grub's core and the file system begin, and the end that GPT's second table needs.
core=2048
root=8192
disk_mib=1536

main() {
  output=$1
  mkdir -p "$(dirname "$output")"
  # Two test runs want the same image: the second one waits and finds it.
  exec 9>"$output.lock"
  flock 9
  [ ! -e "$output" ] || exit 0
  folder=$(mktemp -d --tmpdir="$(room)")
  trap 'rm -rf "$folder" "$output.part"' EXIT
  trap 'exit 1' TERM INT HUP
  make_root "$folder/root"
  tune "$folder/root"
  make_disk "$folder/root" "$folder/disk.raw"
  qemu-img convert -f raw -O qcow2 "$folder/disk.raw" "$output.part"
  mv "$output.part" "$output"
}

# Memory is twice as fast as a disk, where there is enough of it.
room() {
  free=$(df --output=avail --block-size=1M /dev/shm 2>/dev/null | tail -n 1)
  if [ "${free:-0}" -gt 4096 ]; then echo /dev/shm; else dirname "$output"; fi
}

make_root() {
  suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  # This computer's own mirror, in whichever form its sources are written.
  mirror=$(apt-get indextargets --format "\$(REPO_URI)" "Codename: $suite" "Component: main" | head -n 1)
  [ -n "$mirror" ] || {
    echo "apt of this computer has no source for $suite" >&2
    exit 1
  }
  conf="etc/initramfs-tools/conf.d"
  modules="usr/share/initramfs-tools/modules.d"
  TMPDIR=$folder mmdebstrap --quiet --variant=minbase --mode=root --components=main --format=directory \
    --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/i18n/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --essential-hook="mkdir -p \"\$1/$conf\" \"\$1/$modules\"" \
    --essential-hook="printf 'MODULES=list\nCOMPRESS=zstd\nRESUME=none\n' >\"\$1/$conf/vm\"" \
    --essential-hook="printf '%s\n' $drivers >\"\$1/$modules/vm.conf\"" \
    "$suite" "$1" "$mirror"
}

# What the disk may hang on.
drivers="virtio_pci virtio_blk virtio_scsi virtio_net ata_piix ahci sd_mod sr_mod ext4 iso9660"

tune() {
  echo 'LABEL=cloudimg-root / ext4 errors=remount-ro 0 1' >"$1/etc/fstab"
  # That of QEMU's and VirtualBox's own network.
  echo 'nameserver 10.0.2.3' >"$1/etc/resolv.conf"
  # What each machine has of its own.
  rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/hostname" "$1/var/lib/dbus/machine-id"
  : >"$1/etc/machine-id"
  # It looks for no other datasource, which takes seconds, and sets no locale, as the package for that is missing.
  printf 'datasource_list: [NoCloud]\nlocale: false\n' >"$1/etc/cloud/cloud.cfg.d/90-test.cfg"
  for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
    fstrim.timer getty@tty1.service systemd-journal-flush.service systemd-networkd-wait-online.service \
    cloud-init-hotplugd.socket systemd-binfmt.service modprobe@configfs.service modprobe@dm_mod.service \
    modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service; do
    ln -sf /dev/null "$1/etc/systemd/system/$unit"
  done
  # It asks where grub is installed, which takes longer than all other modules.
  sed -i '/grub[-_]dpkg/d' "$1/etc/cloud/cloud.cfg"
  systemctl --root="$1" enable --quiet systemd-networkd.service
  # Its socket starts the engine, when somebody asks for it.
  systemctl --root="$1" disable --quiet docker.service containerd.service
  # Where there is one, systemctl has perl look after its links.
  rm -f "$1/etc/init.d/docker" "$1"/etc/rc?.d/*docker
  grub_menu "$1"
}

# Without what an emulated machine takes long for: AppArmor's profiles ten seconds, AVX a quarter of the boot.
grub_menu() {
  kernel=$(cd "$1/boot" && echo vmlinuz-*)
  mkdir -p "$1/boot/grub"
  cat >"$1/boot/grub/grub.cfg" <<END
serial --unit=0 --speed=115200
terminal_output serial
linux /boot/$kernel root=LABEL=cloudimg-root ro console=tty0 console=ttyS0,115200 apparmor=0 mitigations=off clearcpuid=avx
initrd /boot/initrd.img-${kernel#vmlinuz-}
boot
END
}

# GPT with a part for grub's core, and the root's.
make_disk() {
  truncate --size "${disk_mib}M" "$2"
  sfdisk --quiet "$2" <<END
label: gpt
start=$core,size=$((root - core)),type=21686148-6449-6E6F-744E-656564454649
start=$root,type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
END
  # One MiB less at the end, as sfdisk ends partitions on whole ones; a larger file system is refused by the kernel.
  mke2fs -q -F -t ext4 -L cloudimg-root -O ^metadata_csum_seed,^orphan_file \
    -E "offset=$((root * 512)),root_owner=0:0" -d "$1" "$2" "$(((disk_mib - root / 2048 - 1) * 1024))k"
  install_grub "$2"
}

# What grub-install does, on a file: https://www.gnu.org/software/grub/manual/grub/html_node/BIOS-installation.html
install_grub() {
  modules=/usr/lib/grub/i386-pc
  cat >"$folder/early.cfg" <<END
search --label --set=root cloudimg-root
configfile (\$root)/boot/grub/grub.cfg
END
  grub-mkimage --format=i386-pc --output="$folder/core.img" --config="$folder/early.cfg" --prefix=/boot/grub \
    biosdisk part_gpt ext2 search search_label configfile linux normal serial terminal echo
  sectors=$((($(stat --format=%s "$folder/core.img") + 511) / 512 - 1))
  # Up to the table of partitions, then: where the core is, and no check of the BIOS's drive number.
  dd if="$modules/boot.img" of="$1" bs=440 count=1 conv=notrunc status=none
  printf '%b' "$(little_endian $core 8)" | write "$1" $((0x5c))
  printf '\220\220' | write "$1" $((0x66))
  # The first sector of the core says where the others are and how many.
  dd if="$folder/core.img" of="$1" bs=512 seek=$core conv=notrunc status=none
  printf '%b' "$(little_endian $((core + 1)) 8)$(little_endian "$sectors" 2)" | write "$1" $((core * 512 + 0x1f4))
}

# little_endian NUMBER BYTES: as escapes for printf's %b
little_endian() {
  number=$1
  for _ in $(seq "$2"); do
    printf '\\0%03o' $((number % 256))
    number=$((number / 256))
  done
}

write() {
  dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

main "$@"
