import type { Architecture, Image } from "./image.js";

/** An image that is known by a name. */
export interface CatalogueEntry extends Image {
  readonly name: string;
  readonly architecture: Architecture;
}

/** The image of a machine for which none is chosen. */
export const defaultImage = "debian-13";

const [debian, ubuntu, fedora, rocky, alma, alpine, suse] = [
  "https://cloud.debian.org/images/cloud",
  "https://cloud-images.ubuntu.com/releases",
  "https://download.fedoraproject.org/pub/fedora/linux/releases",
  "https://dl.rockylinux.org/pub/rocky",
  "https://repo.almalinux.org/almalinux",
  "https://dl-cdn.alpinelinux.org/alpine",
  "https://download.opensuse.org/distribution/leap",
];

/**
 * One build of each image, so that the same name is the same bytes everywhere until we choose another. Their publishers
 * take old builds away after some months. Debian's are `generic`: their kernel has the drivers of real hardware as well.
 * Alpine's last image for arm64 whose digest we know is that of 3.23.
 */
const builds: readonly (readonly [name: string, architecture: Architecture, url: string, digest: string])[] = [
  [
    "debian-13",
    "amd64",
    `${debian}/trixie/20261001-2618/debian-13-generic-amd64-20261001-2618.qcow2`,
    "sha512:6f0f93335bdef4ccf523c4317cc663ea52ca23b862667785f3d6d186ab4674a937385ccff0c55996b4b2e4c19e440cdf211e2a75ffa2f6548037ab43950c841d",
  ],
  [
    "debian-13",
    "arm64",
    `${debian}/trixie/20261001-2618/debian-13-generic-arm64-20261001-2618.qcow2`,
    "sha512:001e742c14a69f3f506c1663b271b4aeed7fa766f7471a13d49ee22d338b8a637b5206a75bf994435af7b26ce3794a255dcf22e312b0d4b8d7b7f96076fe925f",
  ],
  [
    "debian-12",
    "amd64",
    `${debian}/bookworm/20261006-2623/debian-12-generic-amd64-20261006-2623.qcow2`,
    "sha512:f631afb1d8123a29779f720f7f08a97e9f2ce5f5c705b8d9f753df8ed0c3afddeb34e4f254dfa41a6330e9a637387c80a8fe453d789446f9d8be7d7714d0ce7e",
  ],
  [
    "debian-12",
    "arm64",
    `${debian}/bookworm/20261006-2623/debian-12-generic-arm64-20261006-2623.qcow2`,
    "sha512:991f0dd77ee442eb2406568fc27c537190af0c78ab211b0e2adcf568cd203aebf696b94a05e64c7e00d3e05e0e532fdd941311e34ef862ad06bc1bc69a92a3fb",
  ],
  [
    "ubuntu-26.04",
    "amd64",
    `${ubuntu}/resolute/release-20260927/ubuntu-26.04-server-cloudimg-amd64.img`,
    "sha256:8800651811af9a85465ad1d552add729947bb16488dddb4a9b5305a3d97332b2",
  ],
  [
    "ubuntu-26.04",
    "arm64",
    `${ubuntu}/resolute/release-20260927/ubuntu-26.04-server-cloudimg-arm64.img`,
    "sha256:63a93bd5a8d76e33b15ceb5daa3657bd79be804748051ab178e643b0f5da22e7",
  ],
  [
    "ubuntu-24.04",
    "amd64",
    `${ubuntu}/noble/release-20260926/ubuntu-24.04-server-cloudimg-amd64.img`,
    "sha256:6a81c37564db9b1ee84e141922625e1d7c5b389b99bb3c572e0243607d5bb4d2",
  ],
  [
    "ubuntu-24.04",
    "arm64",
    `${ubuntu}/noble/release-20260926/ubuntu-24.04-server-cloudimg-arm64.img`,
    "sha256:1d6bffe64b848468ac97f821d369a4846d983de1800ccf6b5ec8853e85cefc55",
  ],
  [
    "fedora-44",
    "amd64",
    `${fedora}/44/Cloud/x86_64/images/Fedora-Cloud-Base-Generic-44-1.7.x86_64.qcow2`,
    "sha256:28680fe5b371a5a82ebf43a31926e086a168e59949d03969c5093e7071f90b7f",
  ],
  [
    "fedora-44",
    "arm64",
    `${fedora}/44/Cloud/aarch64/images/Fedora-Cloud-Base-Generic-44-1.7.aarch64.qcow2`,
    "sha256:55c60a3b80d3616a08705afd0459e75fe9f03c54aba7a46e4002a41a72fa0d5b",
  ],
  [
    "rocky-10",
    "amd64",
    `${rocky}/10.2/images/x86_64/Rocky-10-GenericCloud-Base-10.2-20260525.0.x86_64.qcow2`,
    "sha256:9fc9e9ff16888bb68ac39b0392e25c9c92684d50c85f1cce6ab549363bbc4b48",
  ],
  [
    "rocky-10",
    "arm64",
    `${rocky}/10.2/images/aarch64/Rocky-10-GenericCloud-Base-10.2-20260525.0.aarch64.qcow2`,
    "sha256:457c8375e19496f43a25c4a6169fa11237536c53cef6f85a20ea3c5a751aa0f5",
  ],
  [
    "rocky-9",
    "amd64",
    `${rocky}/9.8/images/x86_64/Rocky-9-GenericCloud-Base-9.8-20260525.0.x86_64.qcow2`,
    "sha256:92c206cc6f790c61583247eefe87890f8828420662c17cacf247cec78ab4eec8",
  ],
  [
    "rocky-9",
    "arm64",
    `${rocky}/9.8/images/aarch64/Rocky-9-GenericCloud-Base-9.8-20260525.0.aarch64.qcow2`,
    "sha256:24692a444f1f0b8bb95375c38c8b43f8099a115347623691be2c330b40c8a1fe",
  ],
  [
    "alma-10",
    "amd64",
    `${alma}/10.2/cloud/x86_64/images/AlmaLinux-10-GenericCloud-10.2-20260526.0.x86_64.qcow2`,
    "sha256:47f2218668dd4776be140dd92fa3bea700be1766e2c7d88bdfd6a4b50f477b4d",
  ],
  [
    "alma-10",
    "arm64",
    `${alma}/10.2/cloud/aarch64/images/AlmaLinux-10-GenericCloud-10.2-20260526.0.aarch64.qcow2`,
    "sha256:336c6861fe0ba9115af00f557ed1b09385a3525612dd0cb9cce7e0486f8e74a4",
  ],
  [
    "alma-9",
    "amd64",
    `${alma}/9.8/cloud/x86_64/images/AlmaLinux-9-GenericCloud-9.8-20260526.x86_64.qcow2`,
    "sha256:c397eed7023e92c841155831b1f47e26300e5bef0f0256c129322307c897a251",
  ],
  [
    "alma-9",
    "arm64",
    `${alma}/9.8/cloud/aarch64/images/AlmaLinux-9-GenericCloud-9.8-20260526.aarch64.qcow2`,
    "sha256:b5d883c5f84c68a9828fbd3aac863f9a723b43f8965a32ff7a1c198301f42a29",
  ],
  [
    "alpine-3.24",
    "amd64",
    `${alpine}/v3.24/releases/cloud/alpine-3.24.2-x86_64-cloudinit-r0.qcow2`,
    "sha512:c9504d23613f304e0cfb6f5fec872e29e5a5a62e2bc64796daf19c14fdddaa87dc252912fd8bdd17f7b8ebf0cd03305e4075993d54de175e6028d6b50414c67f",
  ],
  [
    "alpine-3.23",
    "arm64",
    `${alpine}/v3.23/releases/cloud/nocloud_alpine-3.23.4-aarch64-uefi-cloudinit-r0.qcow2`,
    "sha512:737b0eb365944ffcf6da477c059c105bbde222942fd5a8380c07db088365b18dbc60a0f2824ea9a3904d57e194e0d05a7074302c3ebc104d0aecb6ddc6ffd91c",
  ],
  [
    "opensuse-leap-16.0",
    "amd64",
    `${suse}/16.0/appliances/Leap-16.0-Minimal-VM.x86_64-Cloud-Build18.71.qcow2`,
    "sha256:c1a6c50c51a44719946626c5d3ea22b844f1e831e6abf5f31f463c65a26a6fdc",
  ],
  [
    "opensuse-leap-16.0",
    "arm64",
    `${suse}/16.0/appliances/Leap-16.0-Minimal-VM.aarch64-Cloud-Build18.7.qcow2`,
    "sha256:2e9eeb56e7523775f1f01261f4900f289e20c38910226b0c1e5aa7228a84194a",
  ],
];

/** Images for machines, in the order in which they are shown. */
export const catalogue: readonly CatalogueEntry[] = builds.map(([name, architecture, url, digest]) => ({
  ...{ name, architecture, url, digest },
}));
