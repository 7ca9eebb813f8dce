"""Reads a partition's log as it lies on a broker's disk: record batches, format 2."""

import os
import struct

CODECS = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
_HEADER = struct.Struct(">qiibIhiqqqhii")


def segments(directory):
    return [os.path.join(directory, name) for name in sorted(os.listdir(directory))
            if name.endswith(".log")]


def content(directory):
    """All bytes of the log, from its first segment to its last."""
    data = b""
    for path in segments(directory):
        with open(path, "rb") as file:
            data += file.read()
    return data


def batches(directory):
    """Each batch as a dict. What does not look like a batch ends it, loudly."""
    data, at, found = content(directory), 0, []
    while at < len(data):
        if data[at:at + 61].strip(b"\0") == b"":
            break  # preallocated
        (base, length, epoch, magic, crc, attributes, last_delta, first_time, last_time, producer,
         producer_epoch, sequence, count) = _HEADER.unpack_from(data, at)
        if magic != 2 or length < 49 or at + 12 + length > len(data):
            raise ValueError(f"{directory}: no batch at byte {at}: magic {magic}, length {length}")
        found.append({"base": base, "length": length, "epoch": epoch, "crc": crc,
                      "codec": CODECS[attributes & 7], "last": base + last_delta,
                      "first_time": first_time, "last_time": last_time, "producer": producer,
                      "producer_epoch": producer_epoch, "sequence": sequence, "records": count})
        at += 12 + length
    return found


def partition_directory(cluster, broker, topic, partition):
    return os.path.join(cluster.directory, f"broker-{broker}", f"{topic}-{partition}")


def damage_between(cluster, topic, partitions=1):
    """What is wrong between the logs of all replicas of a topic, byte by byte; empty: nothing."""
    wrong = []
    for partition in cluster.partitions(topic)[:partitions]:
        logs = {broker: content(partition_directory(cluster, broker, topic, partition["index"]))
                .rstrip(b"\0") for broker in partition["replicas"]}
        first = logs[partition["leader"]]
        for broker, log in logs.items():
            if log != first:
                same = next((i for i, (a, b) in enumerate(zip(log, first)) if a != b),
                            min(len(log), len(first)))
                wrong.append(f"{topic}-{partition['index']}: broker {broker} ({len(log)} bytes) "
                             f"differs from leader {partition['leader']} ({len(first)} bytes) from "
                             f"byte {same}")
    return wrong
