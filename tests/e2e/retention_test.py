"""Old records go: by retention, by a client's word; and consumers read from the replica next to them."""

import json
import os
import unittest

import harness
from harness import wait_until

try:
    import confluent_kafka as confluent
    import kafka.admin
    from confluent_kafka.admin import AdminClient, ConfigEntry, ConfigResource
    from confluent_kafka.admin import AlterConfigOpType, ResourceType
except ModuleNotFoundError:
    confluent = None


class Racks(harness.Barnabas):
    """Each broker stands in a rack of its own."""

    def properties_of(self, node):
        lines = super().properties_of(node)
        if node.role == "broker":
            lines["broker.rack"] = f"rack-{node.number}"
        return lines


@unittest.skipIf(confluent is None, "tests/run.sh installs tests/requirements.txt")
class RetentionTest(harness.ClusterTest):
    settings = {"log.retention.check.interval.ms": "200",
                "replica.selector.class":
                    "org.apache.kafka.common.replica.RackAwareReplicaSelector"}

    @classmethod
    def setUpClass(cls):
        cls.cluster = Racks(1, 3, cls.settings)
        cls.addClassCleanup(cls._end)
        cls.cluster.up()

    def setUp(self):
        self.admin = AdminClient({"bootstrap.servers": self.cluster.bootstrap})
        self.watcher = self.consumer({})

    def fill(self, topic, count, size=100):
        producer = confluent.Producer({"bootstrap.servers": self.cluster.bootstrap,
                                       "linger.ms": 0, "batch.num.messages": 10})
        for number in range(count):
            producer.produce(topic, f"{number}".rjust(size, "."), partition=0)
            if number % 10 == 9:  # a segment is not followed by another before it is on disk
                self.assertEqual(producer.flush(30), 0)
        self.assertEqual(producer.flush(30), 0)

    def consumer(self, more):
        consumer = confluent.Consumer({
            "bootstrap.servers": self.cluster.bootstrap, "group.id": "nobody",
            "enable.auto.commit": False, "auto.offset.reset": "error",
            "fetch.wait.max.ms": 50, **more})
        self.addCleanup(consumer.close)
        return consumer

    def first_and_end(self, topic):
        return self.watcher.get_watermark_offsets(confluent.TopicPartition(topic, 0), 20)

    def delete_below(self, topic, offset, timeout=20):
        """The new low watermark, or the error's name."""
        place = confluent.TopicPartition(topic, 0, offset)
        future = self.admin.delete_records([place], request_timeout=timeout)[place]
        try:
            return future.result(timeout + 10).low_watermark
        except confluent.KafkaException as error:
            return error.args[0].name()

    def configure(self, topic, **configs):
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[
            ConfigEntry(key.replace("_", "."), str(value),
                        incremental_operation=AlterConfigOpType.SET)
            for key, value in configs.items()])
        for future in self.admin.incremental_alter_configs([resource]).values():
            future.result(20)

    def files(self, topic, ending):
        """How many such files each replica has."""
        found = []
        for node in self.cluster.of("broker"):
            directory = os.path.join(self.cluster.directory, node.name, f"{topic}-0")
            found.append(sum(name.endswith(ending) for name in os.listdir(directory)))
        return found

    def written_starts(self, topic):
        """Where the log starts on each broker's disk, as its checkpoint says."""
        starts = []
        for node in self.cluster.of("broker"):
            with open(os.path.join(self.cluster.directory, node.name,
                                   "log-start-offset-checkpoint"), encoding="utf-8") as file:
                lines = [line.split() for line in file.read().splitlines()[2:]]
            starts += [int(start) for name, _, start in lines if name == topic]
        return starts

    # ---- DeleteRecords

    def test_deleted_records_are_gone_on_all_replicas_and_after_a_crash_of_all(self):
        self.cluster.create("trimmed", min_insync_replicas=2)
        self.fill("trimmed", 100)
        self.assertEqual(self.delete_below("trimmed", 60), 60)
        self.assertEqual(self.written_starts("trimmed"), [60, 60, 60])
        self.assertEqual(self.first_and_end("trimmed"), (60, 100))
        for node in self.cluster.of("broker"):
            self.cluster.kill(node)
        self.cluster.up()
        self.cluster.wait_led("trimmed")
        wait_until("the same records are there again",
                   lambda: self.first_and_end("trimmed") == (60, 100))

    def test_a_consumer_below_the_new_start_is_told(self):
        self.cluster.create("below")
        self.fill("below", 20)
        self.assertEqual(self.delete_below("below", 10), 10)
        consumer = self.consumer({})
        consumer.assign([confluent.TopicPartition("below", 0, 5)])
        message = wait_until("an answer", lambda: consumer.poll(1))
        self.assertEqual(message.error().code(), confluent.KafkaError._AUTO_OFFSET_RESET)
        self.assertIn("out of range", message.error().str())

    def test_what_must_not_be_deleted_is_refused(self):
        self.cluster.create("bounds")
        self.fill("bounds", 5)
        self.assertEqual(self.delete_below("bounds", 6), "OFFSET_OUT_OF_RANGE")
        self.cluster.create("compacted", cleanup_policy="compact")
        self.assertEqual(self.delete_below("compacted", 0), "POLICY_VIOLATION")
        self.assertEqual(self.delete_below("bounds", confluent.OFFSET_END), 5)

    # ---- Retention

    def test_old_segments_go_on_all_replicas_once_the_settings_say_so(self):
        self.cluster.create("aged", segment_bytes=2000, file_delete_delay_ms=0)
        self.fill("aged", 100)
        segments = self.files("aged", ".log")
        self.assertGreater(min(segments), 3)
        self.configure("aged", retention_ms=1)
        wait_until("everything is gone", lambda: self.first_and_end("aged") == (100, 100))
        wait_until("the files too", lambda: self.files("aged", ".log") == [1, 1, 1]
                   and self.files("aged", ".deleted") == [0, 0, 0])
        self.configure("aged", retention_ms=-1)
        self.fill("aged", 10)
        self.assertEqual(self.first_and_end("aged"), (100, 110))

    def test_by_size_the_oldest_go(self):
        self.cluster.create("large", segment_bytes=2000, retention_bytes=6000)
        self.fill("large", 200)
        first = wait_until("the beginning is gone", lambda: self.first_and_end("large")[0])
        self.assertLess(first, 190)
        consumer = self.consumer({"auto.offset.reset": "earliest"})
        consumer.assign([confluent.TopicPartition("large", 0, confluent.OFFSET_BEGINNING)])
        message = wait_until("a record", lambda: consumer.poll(1))
        self.assertEqual(message.value().decode().lstrip("."), str(message.offset()))

    # ---- Log directories

    def test_each_broker_tells_what_lies_in_its_directory(self):
        self.cluster.create("weighed")
        self.fill("weighed", 50)
        admin = kafka.admin.KafkaAdminClient(bootstrap_servers=self.cluster.bootstrap)
        self.addCleanup(admin.close)
        wait_until("its size is known", lambda: self.weight_of(admin, "weighed") > 50 * 100)

    def weight_of(self, admin, topic):
        sizes = [partition["partition_size"]
                 for broker in admin.describe_log_dirs() for directory in broker["log_dirs"]
                 for one in directory["topics"] if one["name"] == topic
                 for partition in one["partitions"]]
        self.assertEqual(len(sizes), 3)
        return min(sizes)

    # ---- The closest replica

    def test_a_consumer_reads_from_the_replica_in_its_rack_and_from_the_leader_when_that_dies(self):
        self.cluster.create("near", min_insync_replicas=1)
        self.cluster.wait_in_sync("near")
        self.fill("near", 50)
        leader = self.cluster.leader("near")
        near = next(node for node in self.cluster.of("broker") if node.number != leader)
        served_by = []

        def note(text):
            partition = json.loads(text)["topics"].get("near", {}).get("partitions", {}).get("0")
            if partition:
                served_by.append(partition["broker"])

        consumer = self.consumer({"client.rack": f"rack-{near.number}", "stats_cb": note,
                                  "statistics.interval.ms": 100,
                                  "topic.metadata.refresh.interval.ms": 1000})
        consumer.assign([confluent.TopicPartition("near", 0, 0)])
        read = []

        def read_on():
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                read.append(message.offset())
            return read

        wait_until("all records are read", lambda: len(read_on()) >= 50, 30)
        wait_until(f"broker {near.number} serves it",
                   lambda: read_on() and served_by and served_by[-1] == near.number, 30)
        self.fill("near", 50)
        wait_until("what came later is read", lambda: len(read_on()) >= 100, 30)
        self.cluster.kill(near)
        self.addCleanup(self.heal)
        self.fill("near", 50)
        wait_until("the rest is read elsewhere", lambda: len(read_on()) >= 150, 60)
        self.assertEqual(read, list(range(150)))


if __name__ == "__main__":
    harness.main()
