import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A network `socket` of QEMU's: frames of Ethernet, each a datagram to a multicast group on loopback. */
export interface Wire {
  readonly group: string;
  readonly port: number;
}

/**
 * Asks on the wire, by ARP, who has an IPv4 address, once a second, and resolves with the MAC address that is answered.
 * Rejects after a minute.
 */
export async function whoHas({ group, port }: Wire, address: string): Promise<string> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  socket.bind(port);
  await once(socket, "listening");
  socket.addMembership(group, "127.0.0.1");
  socket.setMulticastInterface("127.0.0.1");
  const wanted = Buffer.from(address.split(".").map(Number));
  const asking = setInterval(() => {
    socket.send(question(wanted), port, group);
  }, 1_000);
  try {
    return await new Promise((resolve, reject) => {
      setTimeout(reject, 60_000, new Error(`nobody on the wire has ${address}`)).unref();
      socket.on("message", (frame) => {
        const isAnswer = frame.readUInt16BE(12) === 0x0806 && frame.readUInt16BE(20) === 2;
        if (!isAnswer || !frame.subarray(28, 32).equals(wanted)) return;
        resolve(
          frame
            .subarray(22, 28)
            .toString("hex")
            .replace(/..(?!$)/g, "$&:"),
        );
      });
    });
  } finally {
    clearInterval(asking);
    socket.close();
  }
}

/** An ARP request (RFC 826) of a neighbour with the address that ends in 250. */
function question(wanted: Buffer): Buffer {
  const [everybody, us, nobody] = ["ffffffffffff", "525400ffffff", "000000000000"].map((hex) =>
    Buffer.from(hex, "hex"),
  );
  const ours = Buffer.from([...wanted.subarray(0, 3), 250]);
  const head = Buffer.from("08060001080006040001", "hex");
  return Buffer.concat([everybody, us, head, us, ours, nobody, wanted].map((part) => part ?? Buffer.alloc(0)));
}
