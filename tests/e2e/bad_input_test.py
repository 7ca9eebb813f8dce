"""What bad input gets: a clear answer, nothing lost, and a broker that goes on serving others."""

import gzip
import struct

import harness
import wire
from harness import wait_until

CORRUPT, UNKNOWN_TOPIC, TOO_LARGE, INVALID_TOPIC, INVALID_RECORD = 2, 3, 10, 17, 87
GOOD = wire.batch(wire.record(b"good"))


class BadInput(harness.ClusterTest):
    settings = {"message.max.bytes": 1_000_000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.create("plain", replicas=3, min_insync_replicas=2)
        cls.cluster.create("strict", replicas=3, produce_validation="strict")

    def setUp(self):
        self.broker = self.cluster.leader_node("plain")
        self.pids = [node.pid for node in self.cluster.nodes]

    def tearDown(self):
        super().tearDown()
        # Whatever was sent: the same processes live, and the topic takes and gives records.
        self.assertEqual([node.pid for node in self.cluster.nodes if node.alive()], self.pids)
        with wire.Connection(self.broker.port) as other:
            self.assertEqual(other.produce_error("plain", GOOD), 0)

    def connect(self, topic="plain"):
        connection = wire.Connection(self.cluster.leader_node(topic).port)
        self.addCleanup(connection.socket.close)
        return connection

    def rss(self):
        with open(f"/proc/{self.broker.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def test_a_wrong_length_closes_the_connection(self):
        for length in (-1, -(2 ** 31), 2 ** 31 - 1, 200_000_000):
            with self.subTest(length=length):
                connection = self.connect()
                connection.send(b"\0" * 64, length)
                self.assertIsNone(connection.answer())

    def test_a_length_that_is_promised_and_not_sent_takes_no_memory(self):
        before = self.rss()
        held = [self.connect() for _ in range(20)]
        for connection in held:
            connection.send(b"\0\0", 90_000_000)
        with wire.Connection(self.broker.port) as other:
            self.assertEqual(other.produce_error("plain", GOOD), 0)
        self.assertLess(self.rss() - before, 50_000)

    def test_a_huge_count_closes_the_connection_and_takes_no_memory(self):
        before = self.rss()
        for count in (2 ** 31 - 1, 100_000_000, -2):
            with self.subTest(count=count):
                connection = self.connect()
                self.assertIsNone(connection.ask(wire.header(3, 1) + struct.pack(">i", count)))
        self.assertLess(self.rss() - before, 50_000)

    def test_a_truncated_request_closes_the_connection(self):
        whole = wire.produce("plain", GOOD)
        for length in (3, 8, 12, 20, len(whole) // 2, len(whole) - 1):
            with self.subTest(length=length):
                self.assertIsNone(self.connect().ask(whole[:length]))

    def test_an_unknown_api_closes_the_connection(self):
        for api in (999, -1, 15000):
            with self.subTest(api=api):
                self.assertIsNone(self.connect().ask(wire.header(api, 0) + b"\0" * 16))

    def test_an_unknown_version_of_api_versions_is_answered_in_version_0(self):
        answer = self.connect().ask(wire.header(18, 99))
        self.assertEqual(struct.unpack_from(">ih", answer), (7, 35))
        # One entry: which versions of ApiVersions there are, so that the client can ask again.
        count, api, low, high = struct.unpack_from(">ihhh", answer, 10 - 4)
        self.assertEqual((count, api, low), (1, 18, 0))
        self.assertGreaterEqual(high, 3)

    def test_an_unknown_version_of_anything_else_closes_the_connection(self):
        self.assertIsNone(self.connect().ask(wire.header(3, 99) + b"\0" * 16))

    def test_a_damaged_batch_is_refused_and_nothing_of_it_is_kept(self):
        end = self.end("plain")
        damaged = bytearray(GOOD)
        damaged[-2] ^= 1
        wrong_crc = wire.batch(wire.record(b"x"), crc=12345)
        for name, records in {"one bit": bytes(damaged), "crc": wrong_crc}.items():
            with self.subTest(name):
                self.assertEqual(self.connect().produce_error("plain", records), CORRUPT)
        self.assertEqual(self.end("plain"), end)

    def test_a_truncated_batch_is_refused(self):
        for length in (1, 11, 12, 60, 61, len(GOOD) - 1):
            with self.subTest(length=length):
                self.assertIn(self.connect().produce_error("plain", GOOD[:length]),
                              (CORRUPT, INVALID_RECORD))

    def test_a_batch_whose_count_is_a_lie_is_refused(self):
        body = wire.record(b"one")
        for count in (2, 1_000_000, 2 ** 31 - 1, 0, -5):
            with self.subTest(count=count):
                self.assertIn(self.connect().produce_error("plain", wire.batch(body, count=count)),
                              (CORRUPT, INVALID_RECORD))

    def test_a_compression_bomb_is_refused_where_batches_are_opened(self):
        before = self.rss()
        connection = self.connect("strict")
        records = wire.bomb(900_000_000)
        self.assertLess(len(records), 1_000_000)
        self.assertIn(connection.produce_error("strict", records),
                      (CORRUPT, TOO_LARGE, INVALID_RECORD))
        self.assertLess(self.rss() - before, 200_000)

    def test_compressed_rubbish_is_refused_where_batches_are_opened(self):
        cut = gzip.compress(wire.record(b"x" * 1000))[:-12]
        for codec, data in ((1, b"no gzip"), (1, cut), (2, b"\xff" * 20), (3, b"no lz4"),
                            (4, b"no zstd"), (5, b"no codec at all")):
            with self.subTest(codec=codec):
                self.assertIn(self.connect("strict").produce_error(
                    "strict", wire.batch(data, codec=codec)), (CORRUPT, INVALID_RECORD, 74, 76))

    def test_a_record_over_the_limit_is_refused_with_the_limits_own_code(self):
        records = wire.batch(wire.record(b"x" * 1_000_000), crc=0)
        self.assertEqual(self.connect().produce_error("plain", records), TOO_LARGE)

    def test_a_topic_that_does_not_exist_is_said_to_be_unknown(self):
        self.assertEqual(self.connect().produce_error("nowhere", GOOD), UNKNOWN_TOPIC)

    def test_an_invalid_topic_name_is_refused_with_its_code_and_a_sentence(self):
        for name in ("a/b", "..", "x" * 250, "naïve", "a b"):
            with self.subTest(name):
                ran = self.cluster.barnabas("topic", "create", name, "-p", 1, "-r", 1, check=False)
                self.assertEqual(ran.returncode, 1, ran.stderr)
                self.assertIn("INVALID_TOPIC_EXCEPTION 17: ", ran.stderr)

    def test_more_replicas_than_brokers_are_refused(self):
        ran = self.cluster.barnabas("topic", "create", "many", "-p", 1, "-r", 4, check=False)
        self.assertEqual(ran.returncode, 8, ran.stderr)
        self.assertIn("INVALID_REPLICATION_FACTOR 38: ", ran.stderr)

    def test_an_unknown_topic_setting_is_refused_with_the_nearest_one(self):
        ran = self.cluster.barnabas("topic", "create", "odd", "-p", 1, "-r", 1, "-c",
                                    "retention.mss=5", check=False)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn("INVALID_CONFIG 40", ran.stderr)
        self.assertIn("retention.ms", ran.stderr)

    def test_a_connection_that_says_nothing_holds_nobody_up(self):
        for _ in range(50):
            self.connect()
        with wire.Connection(self.broker.port) as other:
            self.assertEqual(other.produce_error("plain", GOOD), 0)

    def end(self, topic):
        ran = self.cluster.barnabas("consume", topic, "-o", "start", "-e", "-f", "%o\\n",
                                    "--bootstrap", self.cluster.bootstrap)
        return wait_until("the topic can be read", lambda: len(ran.stdout.splitlines()) + 1)


if __name__ == "__main__":
    harness.main()
