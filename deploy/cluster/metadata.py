"""Asks a broker, in Kafka's own protocol, which brokers it knows: Metadata version 1, no topics."""

import socket
import struct

_REQUEST = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)


def _read(connection, length):
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise OSError("the broker closed the connection")
        data += piece
    return data


def _string(data, at):
    (length,) = struct.unpack_from(">h", data, at)
    at += 2
    return (None, at) if length < 0 else (data[at:at + length].decode(), at + length)


def known_brokers(port, timeout=1.0):
    """The ids of the brokers that the broker on 127.0.0.1:port names; OSError if it does not say."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(struct.pack(">i", len(_REQUEST)) + _REQUEST)
        (length,) = struct.unpack(">i", _read(connection, 4))
        answer = _read(connection, length)
    (count,) = struct.unpack_from(">i", answer, 4)
    at, ids = 8, set()
    for _ in range(count):
        (broker,) = struct.unpack_from(">i", answer, at)
        _, at = _string(answer, at + 4)
        _, at = _string(answer, at + 4)  # behind the port: the rack
        ids.add(broker)
    return ids
