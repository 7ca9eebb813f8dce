"""Kafka's protocol by hand, for requests that no client would send."""

import gzip
import socket
import struct


def crc32c(data, crc=0xFFFFFFFF):
    """Castagnoli, bit by bit: plain, and only for small batches."""
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def header(api, version, correlation=7):
    return struct.pack(">hhi", api, version, correlation) + string("by-hand")


def varint(number):
    number = (number << 1) ^ (number >> 63)
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def record(value, delta=0):
    body = b"\0" + varint(0) + varint(delta) + varint(-1) + varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def batch(records, count=1, codec=0, crc=None):
    """One v2 batch; `records` are the bytes behind the header, compressed already."""
    body = struct.pack(">hiqqqhii", codec, count - 1, 1_700_000_000_000, 1_700_000_000_000, -1, -1,
                       -1, count) + records
    crc = crc32c(body) if crc is None else crc
    return struct.pack(">qiibI", 0, 4 + 1 + 4 + len(body), -1, 2, crc) + body


def bomb(size):
    """A gzip batch whose one record expands to `size` bytes of zeros."""
    return batch(gzip.compress(record(b"\0" * size)), codec=1)


def produce(topic, records, partition=0, acks=-1, version=3):
    return (header(0, version) + struct.pack(">h", -1) + struct.pack(">hi", acks, 10_000)
            + struct.pack(">i", 1) + string(topic) + struct.pack(">i", 1)
            + struct.pack(">ii", partition, len(records)) + records)


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, payload, length=None):
        self.socket.sendall(struct.pack(">i", len(payload) if length is None else length) + payload)

    def _read(self, length):
        data = b""
        while len(data) < length:
            piece = self.socket.recv(length - len(data))
            if not piece:
                return None
            data += piece
        return data

    def answer(self):
        """The next frame, None if the broker closed the connection instead."""
        try:
            size = self._read(4)
            return None if size is None else self._read(struct.unpack(">i", size)[0])
        except ConnectionError:
            return None

    def ask(self, payload):
        self.send(payload)
        return self.answer()

    def produce_error(self, topic, records, **options):
        """The error code that the broker gives the one partition."""
        answer = self.ask(produce(topic, records, **options))
        if answer is None:
            return None
        at = 4 + 4 + 2 + len(topic) + 4
        partition, code = struct.unpack_from(">ih", answer, at)
        assert partition == options.get("partition", 0)
        return code
