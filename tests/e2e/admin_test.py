"""The everyday administration of a cluster, by the admin clients that people have."""

import asyncio
import unittest
import uuid

import harness
from harness import wait_until

try:
    import aiokafka.admin
    import confluent_kafka.admin as confluent
    import kafka.admin
    import kafka.errors
    from confluent_kafka import Consumer, ElectionType, KafkaError, KafkaException, Producer
    from confluent_kafka import TopicCollection, TopicPartition
except ModuleNotFoundError:
    confluent = None

DEFAULT, FILE, FOR_ALL, ONE_BROKER, TOPIC = 5, 4, 3, 2, 1  # where a value stands


def outcomes(futures):
    """What each future came to: None, a value, or the error's code."""
    out = {}
    for key, future in futures.items():
        try:
            out[key] = future.result(30)
        except KafkaException as error:
            out[key] = error.args[0].code()
    return out


class AdminTest(harness.ClusterTest):
    settings = {"broker.rack": "tower"}
    controller_settings = {"num.partitions": 4, "default.replication.factor": 2}

    def setUp(self):
        self.names = {"bootstrap.servers": self.cluster.bootstrap}

    def partition_count(self, topic):
        return len(self.cluster.partitions(topic))


@unittest.skipIf(confluent is None, "tests/run.sh installs tests/requirements.txt")
class Confluent(AdminTest):
    """librdkafka's own admin client."""

    def setUp(self):
        super().setUp()
        self.admin = confluent.AdminClient(self.names)

    def change(self, kind, name, *entries):
        resource = confluent.ConfigResource(kind, name, incremental_configs=[
            confluent.ConfigEntry(key, value, incremental_operation=operation)
            for key, operation, value in entries])
        return list(outcomes(self.admin.incremental_alter_configs([resource])).values())[0]

    def described(self, kind, name):
        resource = confluent.ConfigResource(kind, name)
        return list(outcomes(self.admin.describe_configs([resource])).values())[0]

    def test_topics_are_made_grown_described_and_deleted(self):
        made = self.admin.create_topics([confluent.NewTopic(
            "grown", num_partitions=2, replication_factor=3, config={"retention.ms": "3600000"})])
        self.assertEqual(outcomes(made), {"grown": None})
        self.assertEqual(outcomes(self.admin.create_topics([confluent.NewTopic("grown", 1)])),
                         {"grown": KafkaError.TOPIC_ALREADY_EXISTS})
        try_out = self.admin.create_partitions([confluent.NewPartitions("grown", 5)],
                                               validate_only=True)
        self.assertEqual(outcomes(try_out), {"grown": None})
        self.assertEqual(self.partition_count("grown"), 2)
        placed = confluent.NewPartitions("grown", 4, replica_assignment=[[3, 1], [2, 3]])
        self.assertEqual(outcomes(self.admin.create_partitions([placed])), {"grown": 39})
        placed = confluent.NewPartitions("grown", 4, replica_assignment=[[3, 1, 2], [2, 3, 1]])
        self.assertEqual(outcomes(self.admin.create_partitions([placed])), {"grown": None})
        self.cluster.wait_led("grown")
        self.assertEqual(self.cluster.partitions("grown")[2]["replicas"], [3, 1, 2])
        for count in (4, 3, 1):
            refused = self.admin.create_partitions([confluent.NewPartitions("grown", count)])
            self.assertEqual(outcomes(refused), {"grown": KafkaError.INVALID_PARTITIONS})
        refused = self.admin.create_partitions([confluent.NewPartitions("nowhere", 3)])
        self.assertEqual(outcomes(refused), {"nowhere": KafkaError.UNKNOWN_TOPIC_OR_PART})
        told = outcomes(self.admin.describe_topics(TopicCollection(["grown"])))["grown"]
        self.assertEqual([len(p.replicas) for p in told.partitions], [3] * 4)
        self.assertFalse(told.is_internal)
        self.assertNotEqual(str(told.topic_id), "")
        self.assertEqual(outcomes(self.admin.delete_topics(["grown"])), {"grown": None})
        self.assertEqual(outcomes(self.admin.describe_topics(TopicCollection(["grown"]))),
                         {"grown": KafkaError.UNKNOWN_TOPIC_OR_PART})

    def test_a_topics_configuration_is_set_appended_to_and_unset(self):
        self.cluster.create("settings")
        kind, operation = confluent.ResourceType.TOPIC, confluent.AlterConfigOpType
        self.assertIsNone(self.change(
            kind, "settings", ("retention.ms", operation.SET, "1000000"),
            ("cleanup.policy", operation.APPEND, "compact")))
        told = self.described(kind, "settings")
        self.assertEqual(told["retention.ms"].value, "1000000")
        self.assertEqual(told["retention.ms"].source, TOPIC)
        self.assertEqual([(s.name, s.value, s.source) for s in
                          told["retention.ms"].synonyms.values()][-1],
                         ("log.retention.ms", "604800000", DEFAULT))
        self.assertEqual(told["cleanup.policy"].value, "delete,compact")
        self.assertTrue(told["segment.bytes"].is_default)
        self.assertIsNone(self.change(
            kind, "settings", ("retention.ms", operation.DELETE, None),
            ("cleanup.policy", operation.SUBTRACT, "delete")))
        told = self.described(kind, "settings")
        self.assertEqual((told["retention.ms"].value, told["retention.ms"].source),
                         ("604800000", DEFAULT))
        self.assertEqual(told["cleanup.policy"].value, "compact")

    def test_what_cannot_be_set_gets_kafkas_code(self):
        self.cluster.create("refusing")
        kind, set_it = confluent.ResourceType.TOPIC, confluent.AlterConfigOpType.SET
        for key, value in [("retention.ms", "-2"), ("segment.bytes", "many"), ("no.such", "1"),
                           ("cleanup.policy", "burn"), ("min.insync.replicas", "0")]:
            self.assertEqual(self.change(kind, "refusing", (key, set_it, value)),
                             KafkaError.INVALID_CONFIG, key)
        self.assertEqual(self.change(kind, "nowhere", ("retention.ms", set_it, "1")),
                         KafkaError.UNKNOWN_TOPIC_OR_PART)
        self.assertEqual(self.described(kind, "nowhere"), KafkaError.UNKNOWN_TOPIC_OR_PART)
        broker = confluent.ResourceType.BROKER
        self.assertEqual(self.change(broker, "1", ("log.dirs", set_it, "/tmp")),
                         KafkaError.INVALID_REQUEST)
        self.assertEqual(self.change(broker, "1", ("log.retention.ms", set_it, "soon")),
                         KafkaError.INVALID_CONFIG)

    def test_the_old_way_replaces_what_was_set(self):
        self.cluster.create("replaced", retention_ms=5000, segment_ms=6000)
        resource = confluent.ConfigResource(confluent.ResourceType.TOPIC, "replaced",
                                            set_config={"retention.ms": "7000"})
        self.assertEqual(list(outcomes(self.admin.alter_configs([resource])).values()), [None])
        told = self.described(confluent.ResourceType.TOPIC, "replaced")
        self.assertEqual((told["retention.ms"].value, told["segment.ms"].value),
                         ("7000", "604800000"))

    def test_a_broker_tells_its_file_and_what_was_changed_for_it(self):
        broker, operation = confluent.ResourceType.BROKER, confluent.AlterConfigOpType
        for number in ("1", "2", "3"):
            told = self.described(broker, number)
            self.assertEqual((told["node.id"].value, told["node.id"].source), (number, FILE))
            self.assertTrue(told["node.id"].is_read_only)
            self.assertEqual(told["broker.rack"].value, "tower")
        self.assertIsNone(self.change(broker, "2", ("log.segment.bytes", operation.SET,
                                                    "2000000")))
        told = self.described(broker, "2")["log.segment.bytes"]
        self.assertEqual((told.value, told.source, told.is_read_only),
                         ("2000000", ONE_BROKER, False))
        self.assertEqual(self.described(broker, "3")["log.segment.bytes"].source, DEFAULT)
        self.assertIsNone(self.change(broker, "2", ("log.segment.bytes", operation.DELETE, None)))
        self.assertEqual(self.described(broker, "2")["log.segment.bytes"].source, DEFAULT)

    def test_records_are_deleted_up_to_an_offset(self):
        self.cluster.create("trimmed", partitions=2)
        producer = kafka.KafkaProducer(bootstrap_servers=self.cluster.bootstrap)
        self.addCleanup(producer.close, 10)
        for number in range(10):
            producer.send("trimmed", b"%d" % number, partition=0).get(30)
        told = outcomes(self.admin.delete_records([TopicPartition("trimmed", 0, 4)]))
        self.assertEqual([gone.low_watermark for gone in told.values()], [4])
        told = outcomes(self.admin.delete_records([TopicPartition("trimmed", 0, 11)]))
        self.assertEqual(list(told.values()), [KafkaError.OFFSET_OUT_OF_RANGE])
        everything = TopicPartition("trimmed", 0, -1)  # up to the high watermark
        told = outcomes(self.admin.delete_records([everything]))
        self.assertEqual([gone.low_watermark for gone in told.values()], [10])
        told = outcomes(self.admin.list_offsets({
            TopicPartition("trimmed", 0): confluent.OffsetSpec.earliest()}))
        self.assertEqual([where.offset for where in told.values()], [10])

    def test_an_unknown_topic_is_made_for_producers_and_not_for_consumers(self):
        consumer = Consumer({**self.names, "group.id": "none"})
        self.addCleanup(consumer.close)
        self.assertEqual(consumer.list_topics("not-made", timeout=30).topics["not-made"].error
                         .code(), KafkaError.UNKNOWN_TOPIC_OR_PART)
        with self.assertRaises(KafkaException):
            consumer.get_watermark_offsets(TopicPartition("not-made", 0), timeout=2)
        producer = Producer(self.names)
        producer.produce("made", b"x")
        self.assertEqual(producer.flush(30), 0)
        self.assertNotIn("not-made", self.admin.list_topics(timeout=30).topics)
        made = self.cluster.partitions("made")
        self.assertEqual([len(partition["replicas"]) for partition in made], [2, 2, 2, 2])

    def test_leaders_go_back_to_where_they_are_preferred(self):
        self.cluster.create("led")
        partition = TopicPartition("led", 0)
        preferred = self.cluster.partitions("led")[0]["replicas"][0]
        self.assertEqual(self.cluster.leader("led"), preferred)
        told = self.admin.elect_leaders(ElectionType.PREFERRED, [partition]).result(30)
        self.assertEqual(told[partition].code(), KafkaError.ELECTION_NOT_NEEDED)
        told = self.admin.elect_leaders(ElectionType.PREFERRED,
                                        [TopicPartition("nowhere", 0)]).result(30)
        self.assertEqual(list(told.values())[0].code(), KafkaError.UNKNOWN_TOPIC_OR_PART)
        told = self.admin.elect_leaders(ElectionType.UNCLEAN, [partition]).result(30)
        self.assertEqual(told[partition].code(), KafkaError.ELECTION_NOT_NEEDED)
        # Leaders that another case took away from where they belong go back first.
        harness.wait_until("nothing is left to elect", lambda: self.admin.elect_leaders(
            ElectionType.PREFERRED).result(30) == {})

    def test_a_leader_that_came_back_takes_over_where_it_is_preferred(self):
        self.cluster.create("returned", min_insync_replicas=1)
        preferred = self.cluster.leader_node("returned")
        self.addCleanup(self.heal)
        self.cluster.kill(preferred)
        self.cluster.wait_new_leader("returned", preferred.number)
        gone = TopicPartition("returned", 0)
        told = self.admin.elect_leaders(ElectionType.PREFERRED, [gone]).result(30)
        self.assertEqual(told[gone].code(), KafkaError.PREFERRED_LEADER_NOT_AVAILABLE)
        self.cluster.restart(preferred)
        self.cluster.wait_in_sync("returned")
        told = self.admin.elect_leaders(ElectionType.PREFERRED, [gone]).result(30)
        # The cluster balances by itself, too, and may have been faster.
        if told[gone] is not None:
            self.assertEqual(told[gone].code(), KafkaError.ELECTION_NOT_NEEDED)
        self.assertEqual(self.cluster.leader("returned"), preferred.number)

    def test_the_cluster_is_described_and_says_the_same_everywhere(self):
        told = self.admin.describe_cluster(include_authorized_operations=True).result(30)
        self.assertEqual(sorted(node.id for node in told.nodes), [1, 2, 3])
        self.assertEqual({node.rack for node in told.nodes}, {"tower"})
        self.assertTrue(told.cluster_id)
        self.assertTrue(told.authorized_operations)
        self.assertIn(told.controller.id, (1, 2, 3))

    # librdkafka cannot name "all brokers".
    def test_a_default_for_all_counts_at_once(self):
        self.cluster.create("bounded")
        producer = kafka.KafkaProducer(bootstrap_servers=self.cluster.bootstrap, retries=0)
        self.addCleanup(producer.close, 10)
        self.cluster.barnabas("config", "set", "--cluster", "message.max.bytes=2000")
        try:
            told = self.described(confluent.ResourceType.TOPIC, "bounded")["max.message.bytes"]
            self.assertEqual((told.value, told.source), ("2000", FOR_ALL))
            with self.assertRaises(kafka.errors.MessageSizeTooLargeError):
                producer.send("bounded", b"x" * 3000).get(30)
            self.assertEqual(producer.send("bounded", b"x" * 1000).get(30).offset, 0)
        finally:
            self.cluster.barnabas("config", "set", "--cluster", "--unset", "message.max.bytes")
        wait_until("the default is back", lambda: producer.send(
            "bounded", b"x" * 3000).get(30).offset == 1, 10)


@unittest.skipIf(confluent is None, "tests/run.sh installs tests/requirements.txt")
class KafkaPython(AdminTest):
    def setUp(self):
        super().setUp()
        self.admin = kafka.admin.KafkaAdminClient(bootstrap_servers=self.cluster.bootstrap)
        self.addCleanup(self.admin.close)

    def test_topics_with_their_ids(self):
        self.admin.create_topics({"python": {"num_partitions": 2, "replication_factor": 3}})
        self.cluster.wait_led("python")
        by_name = self.admin.describe_topics(["python"])[0]
        self.assertEqual(by_name["error_code"], 0)
        self.assertEqual(len(by_name["partitions"]), 2)
        by_id = self.admin.describe_topics([uuid.UUID(str(by_name["topic_id"]))])[0]
        self.assertEqual(by_id["name"], "python")
        self.admin.create_partitions({"python": 3})
        self.assertEqual(self.partition_count("python"), 3)
        paged = self.admin.describe_topic_partitions(["python"])
        self.assertEqual(str(paged).count("partition_index"), 3, paged)
        self.admin.delete_topics(["python"])
        wait_until("the topic is gone", lambda: "python" not in self.admin.list_topics(), 10)

    def test_configurations(self):
        self.cluster.create("configured")
        kind = kafka.admin.ConfigResourceType
        resource = kafka.admin.ConfigResource(kind.TOPIC, "configured",
                                              {"retention.ms": "123456"})
        self.assertEqual(self.admin.alter_configs([resource]),
                         {"topic": {"configured": "OK"}})
        asked = kafka.admin.ConfigResource(kind.TOPIC, "configured")
        told = self.admin.describe_configs([asked])["topic"]["configured"]
        self.assertEqual({key: entry["value"] for key, entry in told.items()},
                         {"retention.ms": "123456"})
        told = self.admin.describe_configs([asked], include_synonyms=True, config_filter="all")
        self.assertIn("segment.bytes", told["topic"]["configured"])
        told = self.admin.describe_configs([kafka.admin.ConfigResource(kind.BROKER, "2")],
                                           config_filter="all")["broker"]["2"]
        self.assertEqual(told["node.id"]["value"], "2")
        listed = self.admin.list_config_resources()
        self.assertIn("configured", listed["topic"])
        self.assertEqual(sorted(listed["broker"]), ["1", "2", "3"])

    def test_the_quorum_its_voters_and_its_observers(self):
        told = self.admin.describe_metadata_quorum()
        partition = told["topics"][0]["partitions"][0]
        self.assertEqual(sorted(v["replica_id"] for v in partition["current_voters"]), [1, 2, 3])
        self.assertEqual(sorted(v["replica_id"] for v in partition["observers"]), [1, 2, 3])
        self.assertEqual(partition["leader_id"], self.cluster.active_controller().number)
        self.assertGreater(partition["high_watermark"], 0)
        self.assertEqual(len(told["nodes"]), 3)

    def test_elections(self):
        self.cluster.create("elected")
        told = self.admin.elect_leaders(0, {"elected": [0]})
        self.assertIn("elected", str(told))


@unittest.skipIf(confluent is None, "tests/run.sh installs tests/requirements.txt")
class Aiokafka(AdminTest):
    def test_partitions_and_configurations(self):
        async def administrate():
            admin = aiokafka.admin.AIOKafkaAdminClient(bootstrap_servers=self.cluster.bootstrap)
            await admin.start()
            try:
                await admin.create_topics([aiokafka.admin.NewTopic("async", 1, 3)])
                await admin.create_partitions({"async": aiokafka.admin.NewPartitions(3)})
                kind = aiokafka.admin.config_resource.ConfigResourceType.TOPIC
                await admin.alter_configs([aiokafka.admin.config_resource.ConfigResource(
                    kind, "async", {"retention.ms": "77"})])
                told = await admin.describe_configs(
                    [aiokafka.admin.config_resource.ConfigResource(kind, "async")])
                cluster = await admin.describe_cluster()
                return told, cluster, await admin.describe_topics(["async"])
            finally:
                await admin.close()
        told, cluster, topics = asyncio.run(asyncio.wait_for(administrate(), 60))
        values = {entry[0]: entry[1] for entry in told[0].resources[0][4]}
        self.assertEqual(values["retention.ms"], "77")
        self.assertEqual(len(cluster["brokers"]), 3)
        self.assertEqual(len(topics[0]["partitions"]), 3)


if __name__ == "__main__":
    harness.main()
