"""What the coordinator wrote down about one group, read from __consumer_offsets as any lag tool
would read it, and judged: who owned what in each generation, and how the offsets moved.
"""

import io
import struct

OFFSETS = "__consumer_offsets"


class _Reader(io.BytesIO):
    def number(self, form):
        return struct.unpack(">" + form, self.read(struct.calcsize(form)))[0]

    def text(self):
        length = self.number("h")
        return None if length < 0 else self.read(length).decode()

    def blob(self):
        length = self.number("i")
        return None if length < 0 else self.read(length)


def _assignment(blob, topic):
    """The partitions of `topic` in a member's assignment, the `consumer` protocol's own form."""
    if not blob:
        return set()
    data = _Reader(blob)
    data.number("h")
    found = set()
    for _ in range(data.number("i")):
        name = data.text()
        partitions = [data.number("i") for _ in range(data.number("i"))]
        if name == topic:
            found |= set(partitions)
    return found


def _metadata(value, topic):
    data = _Reader(value)
    version = data.number("h")
    if version > 3:
        raise AssertionError(f"group metadata in version {version}: lag tools read up to 3")
    out = {"type": data.text(), "generation": data.number("i"), "protocol": data.text(),
           "leader": data.text(), "members": {}}
    if version >= 2:
        data.number("q")
    for _ in range(data.number("i")):
        member = data.text()
        instance = data.text() if version >= 3 else None
        data.text(), data.text()
        if version >= 1:
            data.number("i")
        data.number("i")
        data.blob()
        out["members"][member] = {"instance": instance,
                                  "partitions": _assignment(data.blob(), topic)}
    return out


def read(cluster, group, topic):
    """All that was written about `group`, in order: ("group", {...}) or
    ("offset", partition, offset); what was deleted has None in its place."""
    import kafka
    consumer = kafka.KafkaConsumer(bootstrap_servers=cluster.bootstrap.split(","), group_id=None,
                                   auto_offset_reset="earliest", exclude_internal_topics=False,
                                   fetch_max_wait_ms=50)
    try:
        partitions = [kafka.TopicPartition(OFFSETS, p)
                      for p in sorted(consumer.partitions_for_topic(OFFSETS))]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(partitions)
        found = []
        while any(consumer.position(p) < ends[p] for p in partitions):
            for records in consumer.poll(500).values():
                for record in records:
                    key = _Reader(record.key)
                    kind = key.number("h")
                    if key.text() != group:
                        continue
                    if kind == 2:
                        found.append(("group", record.value and _metadata(record.value, topic)))
                    elif key.text() == topic:
                        offset = None
                        if record.value:
                            value = _Reader(record.value)
                            value.number("h")
                            offset = value.number("q")
                        found.append(("offset", key.number("i"), offset))
        return found
    finally:
        consumer.close()


def judge(entries):
    """The sentences that such a history contradicts."""
    wrong = []
    generation, leader, committed = -1, None, {}
    for entry in entries:
        if entry[0] == "group" and entry[1] is not None:
            state = entry[1]
            if state["generation"] < generation:
                wrong.append(f"generation {state['generation']} after {generation}")
            if state["generation"] == generation and leader and state["leader"] and \
                    not any(m["instance"] for m in state["members"].values()) and \
                    state["leader"] != leader:
                wrong.append(f"generation {generation} has the leaders {leader}, {state['leader']}")
            generation, leader = state["generation"], state["leader"]
            owners = {}
            for member, its in state["members"].items():
                for partition in its["partitions"]:
                    if partition in owners:
                        wrong.append(f"partition {partition} belongs to {owners[partition]} and to "
                                     f"{member} in generation {generation}")
                    owners[partition] = member
        elif entry[0] == "offset" and entry[2] is not None:
            _, partition, offset = entry
            if offset < committed.get(partition, 0):
                wrong.append(f"partition {partition} went back from {committed[partition]} to "
                             f"{offset}")
            committed[partition] = offset
    return wrong, committed
