"""A delayed network line: a TUN device that delays each packet by half a round trip.

The line works on packets and not on TCP connections. A TCP proxy would acknowledge data itself. This
would hide the delays that the acknowledgements of the client and the server cause.

The program has the address CLIENT. Packets that it sends to SERVER return to this machine with both addresses exchanged,
so a server that listens on CLIENT receives a connection from SERVER. The exchange does not change any checksum.

Runs as a separate process (`python3 line.py SECONDS`) that reads commands from standard input: `reset`, and `counts`,
which prints the counts since the last reset as JSON. Needs root, or CAP_NET_ADMIN in the network namespace.
"""

import collections
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

CLIENT, SERVER = "10.99.0.1", "10.99.0.2"
DEVICE = "delayed"

SET_INTERFACE, TUN_WITHOUT_HEADER = 0x400454CA, 0x1001
TCP, UDP, SYN, ACK = 6, 17, 0x02, 0x10


class Line:
    """The client's end of a running line."""

    def __init__(self, round_trip):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(round_trip / 2)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.process.stdout.readline()

    def reset(self):
        self.command("reset")

    def counts(self):
        """Since the last reset: connections, DNS queries, round trips (the longest chain of packets, in both directions,
        in which each packet was sent after the previous one had arrived), and flights (changes of the direction of data)."""
        return json.loads(self.command("counts"))

    def round_trip_ms(self):
        """The measured round trip: the time until a port without a listener refuses a connection, in the
        fastest of nine attempts. The line itself adds a few tenths of a millisecond."""
        times = []
        for _ in range(9):
            began = time.perf_counter()
            with socket.socket() as probe:
                probe.connect_ex((SERVER, 2599))
            times.append((time.perf_counter() - began) * 1000)
        return min(times)

    def command(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Counts:
    def __init__(self):
        self.connections, self.queries, self.flights, self.round_trips, self.packets = 0, 0, 0, 0, []
        self.last, self.at_server = None, 0

    def delivered(self, is_out, depth):
        if is_out:
            self.at_server = max(self.at_server, depth)
        else:
            self.round_trips = max(self.round_trips, depth)

    def take(self, packet, began):
        """Counts a packet. Returns whether it goes to the server, and the number of round trips that led to it."""
        header = (packet[0] & 15) * 4
        is_out = packet[header + 2 : header + 4] in SERVER_PORTS
        self.count(packet, header, is_out, began)
        return is_out, self.round_trips if is_out else self.at_server + 1

    def count(self, packet, header, is_out, began):
        protocol = packet[9]
        if protocol == UDP:
            self.queries += is_out
            return
        if protocol != TCP:
            return
        flags = packet[header + 13]
        if flags & SYN and not flags & ACK:
            self.connections += 1
        data = len(packet) - header - (packet[header + 12] >> 4) * 4
        if data and self.last != is_out:
            self.flights += 1
            self.last = is_out
        moment = round((time.monotonic() - began) * 1000, 1)
        self.packets.append([moment, "client" if is_out else "server", flags, data])


SERVER_PORTS = {struct.pack("!H", port) for port in [53, *range(2500, 2600)]}


def serve(delay):
    # A late packet would be counted as time of the measured program.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, SET_INTERFACE, struct.pack("16sH22x", DEVICE.encode(), TUN_WITHOUT_HEADER))
    for command in (f"addr add {CLIENT}/24 dev {DEVICE}", f"link set {DEVICE} up"):
        subprocess.run(["ip", *command.split()], check=True)
    print("ready", flush=True)
    waiting, counts, began = collections.deque(), Counts(), time.monotonic()
    while True:
        left = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select([device, sys.stdin], [], [], left)
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, packet, whither = waiting.popleft()
            os.write(device, packet)
            counts.delivered(*whither)
        if device in readable:
            packet = os.read(device, 65536)
            # Only IPv4; the kernel also sends IPv6 router solicitations.
            if packet[0] >> 4 == 4:
                whither = counts.take(packet, began)
                waiting.append((now + delay, packet[:12] + packet[16:20] + packet[12:16] + packet[20:], whither))
        if sys.stdin in readable:
            word = sys.stdin.readline().strip()
            if not word:
                return
            if word == "reset":
                waiting.clear()
                counts, began = Counts(), time.monotonic()
                print("{}", flush=True)
            else:
                print(json.dumps({key: value for key, value in vars(counts).items() if key not in ("last", "at_server")}), flush=True)


if __name__ == "__main__":
    serve(float(sys.argv[1]))
