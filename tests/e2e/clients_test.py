"""Every acks level with every codec, sent by one client and read by another, and what lies on the
brokers' disks afterwards."""

import asyncio
import subprocess
import unittest

import harness
import logfiles
from harness import wait_until

try:
    import aiokafka
    import kafka
except ImportError:
    kafka = aiokafka = None

RECORDS = 200
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def expected(label):
    return [(f"{label}-key-{i}", f"{label} value {i} " + "abc" * (i % 50)) for i in range(RECORDS)]


class Clients(harness.ClusterTest):
    # ---- sending

    def send_kcat(self, topic, codec, acks, records):
        command = ["kcat", "-P", "-b", self.cluster.bootstrap, "-t", topic, "-p", "0", "-K", "\t",
                   "-z", codec, "-X", f"acks={acks}", "-X", "linger.ms=50"]
        text = "".join(f"{key}\t{value}\n" for key, value in records)
        subprocess.run(command, input=text, text=True, check=True, timeout=60, capture_output=True)

    def send_kafka_python(self, topic, codec, acks, records):
        producer = kafka.KafkaProducer(
            bootstrap_servers=self.cluster.bootstrap, acks=acks, linger_ms=50,
            compression_type=None if codec == "none" else codec,
            enable_idempotence=acks == "all")
        futures = [producer.send(topic, value.encode(), key.encode(), partition=0)
                   for key, value in records]
        producer.flush(30)
        if acks != 0:
            self.assertEqual([f.get(10).offset for f in futures], list(range(len(records))))
        producer.close(10)

    def send_aiokafka(self, topic, codec, acks, records):
        async def send():
            producer = aiokafka.AIOKafkaProducer(
                bootstrap_servers=self.cluster.bootstrap, acks=acks, linger_ms=50,
                compression_type=None if codec == "none" else codec,
                enable_idempotence=acks == "all")
            await producer.start()
            try:
                for key, value in records:
                    await producer.send(topic, value.encode(), key.encode(), partition=0)
                await producer.flush()
            finally:
                await producer.stop()
        asyncio.run(asyncio.wait_for(send(), 60))

    # ---- reading

    def read_kcat(self, topic):
        ran = subprocess.run(["kcat", "-C", "-b", self.cluster.bootstrap, "-t", topic, "-p", "0",
                              "-o", "beginning", "-e", "-f", "%k\t%s\n"], capture_output=True,
                             text=True, check=True, timeout=60)
        return [tuple(line.split("\t", 1)) for line in ran.stdout.splitlines()]

    def read_kafka_python(self, topic):
        consumer = kafka.KafkaConsumer(bootstrap_servers=self.cluster.bootstrap, group_id=None,
                                       auto_offset_reset="earliest", check_crcs=True)
        partition = kafka.TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end, found = consumer.end_offsets([partition])[partition], []
        while len(found) < end:
            for records in consumer.poll(2000).values():
                found += [(r.key.decode(), r.value.decode()) for r in records]
        consumer.close()
        return found

    def read_aiokafka(self, topic):
        async def read():
            consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=self.cluster.bootstrap,
                                                 group_id=None, auto_offset_reset="earliest")
            await consumer.start()
            try:
                partition = aiokafka.TopicPartition(topic, 0)
                consumer.assign([partition])
                await consumer.seek_to_beginning(partition)
                end = (await consumer.end_offsets([partition]))[partition]
                found = []
                while len(found) < end:
                    for records in (await consumer.getmany(timeout_ms=2000)).values():
                        found += [(r.key.decode(), r.value.decode()) for r in records]
                return found
            finally:
                await consumer.stop()
        return asyncio.run(asyncio.wait_for(read(), 60))

    # ---- the matrix

    def matrix(self, client, codecs, readers):
        for codec in codecs:
            for acks in (0, 1, "all"):
                with self.subTest(client=client, codec=codec, acks=acks):
                    topic = f"{client}-{codec}-{acks}"
                    self.cluster.create(topic, min_insync_replicas=2)
                    records = expected(topic)
                    getattr(self, "send_" + client)(topic, codec, acks, records)
                    reader = readers[(CODECS.index(codec) + len(str(acks))) % len(readers)]
                    wait_until(f"{reader} reads what {client} sent",
                               lambda t=topic, r=records, how=reader:
                               getattr(self, "read_" + how)(t) == r, 20)
                    self.at_rest(topic, codec)

    def at_rest(self, topic, codec):
        self.cluster.wait_in_sync(topic)
        wait_until("all replicas are the same, byte by byte",
                   lambda: not logfiles.damage_between(self.cluster, topic), 10)
        for broker in self.cluster.partitions(topic)[0]["replicas"]:
            found = logfiles.batches(logfiles.partition_directory(self.cluster, broker, topic, 0))
            self.assertEqual({batch["codec"] for batch in found}, {codec}, f"broker {broker}")
            self.assertEqual(sum(batch["records"] for batch in found), RECORDS)

    def test_kcat_with_every_acks_level_and_codec(self):
        self.matrix("kcat", CODECS, ["kcat", "kafka_python"])

    @unittest.skipIf(kafka is None, "tests/run.sh installs tests/requirements.txt")
    def test_kafka_python_with_every_acks_level_and_codec(self):
        self.matrix("kafka_python", CODECS, ["kcat", "aiokafka"])

    @unittest.skipIf(aiokafka is None, "tests/run.sh installs tests/requirements.txt")
    def test_aiokafka_with_every_acks_level_and_codec(self):
        self.matrix("aiokafka", CODECS, ["kafka_python", "kcat"])

    def test_the_barnabas_command_moves_records_too(self):
        cluster = self.cluster
        cluster.create("own", partitions=3, min_insync_replicas=2)
        lines = "".join(f"k{i}:v{i}\n" for i in range(100))
        for codec in ("none", "gzip", "snappy", "zstd"):
            sent = cluster.asked("produce", "own", "-k", ":", "-z", codec, stdin=lines)
            self.assertEqual((sent["acked"], sent["failed"]), (100, 0))
        read = cluster.barnabas("consume", "own", "-o", "start", "-n", 400, "-f", "%k:%v\\n").stdout
        self.assertEqual(sorted(read.splitlines()), sorted(lines.splitlines() * 4))
        quiet = cluster.barnabas("consume", "own", "--exit-at-end")
        self.assertEqual(quiet.stdout, "")
        self.assertIn("400 records exist before; use -o start", quiet.stderr)

    def test_an_unknown_topic_is_made_where_a_producer_asks_for_it(self):
        self.send_kcat("made-on-the-way", "none", "all", expected("x"))
        self.assertEqual(self.read_kcat("made-on-the-way"), expected("x"))


if __name__ == "__main__":
    harness.main()
