"""What the daemons tell of themselves over HTTP, and to a service manager."""

import http.client
import json
import os
import re
import signal
import socket
import unittest

import kafka
import yaml

import harness
from harness import wait_until

NAME = re.compile(r"\b(?:kafka|barnabas|process)_[a-z0-9_]+\b")


def get(address, path):
    """(status, body) of one request."""
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def parse(text):
    """{name: {labels as written: value}}; refuses what is not Prometheus' text format."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#") or not line:
            continue
        match = re.fullmatch(r'([a-z_0-9]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)', line)
        if not match:
            raise AssertionError(f"not in the text format: {line!r}")
        found.setdefault(match[1], {})[match[2] or ""] = float(match[3])
    return found


class Watched(harness.ClusterTest):
    """A cluster whose nodes are asked over HTTP."""

    def ask(self, node, path):
        address = self.cluster.metrics_of(node)
        if not address:
            raise AssertionError(f"{node.name} has no address yet")
        return get(address, path)

    def health(self, node, kind):
        status, body = self.ask(node, "/healthz/" + kind)
        said = json.loads(body)
        self.assertEqual(status == 200, said["status"] == "ok", body)
        self.assertEqual(status == 200, not said["reasons"], body)
        return status, said

    def wait_health(self, node, kind, status, reason=""):
        return wait_until(f"{kind} of {node.name} is {status} {reason}", lambda: next(
            (said for got, said in [self.health(node, kind)]
             if got == status and reason in " ".join(said["reasons"])), None), 60)

    def scrape(self, node, path="/metrics"):
        status, body = self.ask(node, path)
        self.assertEqual(status, 200, body)
        return parse(body)

    def total(self, name, path="/metrics", labels="", role="broker"):
        """The sum over all nodes of the samples that have `labels` in them."""
        return sum(value for node in self.cluster.of(role)
                   for written, value in self.scrape(node, path).get(name, {}).items()
                   if labels in written)


class Metrics(Watched):
    settings = {"group.initial.rebalance.delay.ms": 0, "offsets.topic.num.partitions": 3}

    def lines(self, topic, count):
        self.cluster.barnabas("produce", topic, stdin="".join(f"{i}\n" for i in range(count)))

    def consume(self, topic, group, count):
        """Reads and commits; leaves the group."""
        consumer = kafka.KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest",
                                       bootstrap_servers=self.cluster.bootstrap.split(","),
                                       enable_auto_commit=False)
        seen = 0

        def poll():
            nonlocal seen
            seen += sum(len(batch) for batch in consumer.poll(timeout_ms=500).values())
            return seen >= count
        wait_until(f"{count} records are consumed", poll, 60)
        consumer.commit()
        consumer.close()

    def wait_total(self, name, expected, **where):
        wait_until(f"{name} is {expected}", lambda: self.total(name, **where) == expected, 60)

    def test_all_six_processes_are_live_started_and_ready(self):
        for node in self.cluster.nodes:
            for kind in ("startup", "ready", "live"):
                said = self.wait_health(node, kind, 200)
                if kind == "ready":
                    self.assertEqual((said["role"], said["node"]), (node.role, str(node.number)))

    def test_counters_move_with_what_is_produced_and_consumed(self):
        self.cluster.create("moves", partitions=3)
        moved = {name: self.total(name) for name in (
            "kafka_server_brokertopicmetrics_messagesin_total",
            "kafka_server_brokertopicmetrics_bytesout_total",
            "barnabas_request_seconds_count", "barnabas_fsync_seconds_count")}
        self.lines("moves", 100)
        self.consume("moves", "movers", 100)
        for name, before in moved.items():
            self.assertGreater(self.total(name), before, name)
        self.wait_total("kafka_server_brokertopicmetrics_messagesin_total", 100,
                        path="/metrics/full?topic=moves", labels='topic="moves"')
        self.wait_total("kafka_topic_partition_current_offset", 100, path="/metrics/full?topic=mov*")
        self.assertEqual(self.total("kafka_topic_partitions", "/metrics/full?topic=moves"), 3)
        self.assertEqual(self.total("kafka_topic_partitions", "/metrics/full?topic=nothing"), 0)

    def test_lag_is_told_by_the_coordinator_in_records_and_in_time(self):
        self.cluster.create("late", partitions=2)
        self.lines("late", 40)
        self.consume("late", "latecomers", 40)
        group = 'group="latecomers"'
        wait_until("the group is shown", lambda: self.total(
            "barnabas_group_state", labels=group) == 1, 60)
        self.wait_total("barnabas_group_lag_records", 0, labels=group)
        self.lines("late", 10)
        self.wait_total("barnabas_group_lag_records", 10, labels=group)
        self.wait_total("kafka_consumergroup_lag", 10, labels="latecomers",
                        path="/metrics/full?topic=late&group=latecomers")
        wait_until("time passes", lambda: self.total("barnabas_group_lag_seconds",
                                                     labels=group) > 0.1, 60)
        self.assertGreater(self.total("barnabas_group_rebalances_total"), 0)

    def test_one_controller_is_active_and_all_know_the_cluster(self):
        self.cluster.create("counted", partitions=4)
        count = "kafka_controller_kafkacontroller_"
        self.wait_total(count + "activecontrollercount", 1, role="controller")
        for node in self.cluster.of("controller"):
            wait_until(f"{node.name} knows", lambda n=node: self.scrape(n)[
                count + "activebrokercount"][""] == 3, 60)
            self.assertGreaterEqual(self.scrape(node)[count + "globalpartitioncount"][""], 4)
            self.assertEqual(self.scrape(node)[count + "offlinepartitionscount"][""], 0)

    def test_the_small_set_has_no_series_for_topics(self):
        self.cluster.create("unseen", partitions=2)
        for node in self.cluster.of("broker"):
            self.assertNotIn("unseen", self.ask(node, "/metrics")[1])
            wait_until("it is in the full set", lambda n=node: "unseen" in self.ask(
                n, "/metrics/full")[1], 60)

    def test_every_name_on_the_dashboard_in_the_alerts_and_in_the_docs_is_served(self):
        self.cluster.create("named")
        self.lines("named", 10)
        self.consume("named", "namers", 10)

        def served(path):
            return {name for node in self.cluster.nodes for name in self.scrape(node, path)}

        wait_until("a group is shown", lambda: "kafka_consumergroup_lag_sum" in served(
            "/metrics/full"), 60)
        small, full = served("/metrics"), served("/metrics/full")

        def read(*path):
            with open(os.path.join(harness.ROOT, *path), encoding="utf-8") as file:
                return file.read()

        board = [target["expr"] for panel in json.loads(read("deploy", "grafana", "barnabas.json"))[
            "panels"] for target in panel.get("targets", ())]
        asked = set(NAME.findall(" ".join(board)))
        self.assertGreater(len(asked), 30)
        self.assertEqual(sorted(asked - full), [], "the dashboard asks for what is not there")

        rules = yaml.safe_load(read("deploy", "prometheus", "barnabas.rules.yml"))["groups"][0]["rules"]
        alerts = [rule["alert"] for rule in rules]
        self.assertEqual(sorted(alerts), ["DiskFillingIn4h", "LagGrowing", "NoController", "Offline",
                                          "QuorumDegraded", "UnderMinIsr", "UnderReplicated"])
        for rule in rules:
            self.assertEqual(sorted(rule), ["alert", "annotations", "expr", "for", "labels"])
            self.assertIn(rule["labels"]["severity"], ("warning", "critical"))
            self.assertTrue(NAME.findall(rule["expr"]), rule)
        asked = set(NAME.findall(" ".join(rule["expr"] for rule in rules)))
        self.assertGreaterEqual(len(asked), len(alerts))
        self.assertEqual(sorted(asked - small), [], "alerts ask for what is not in the small set")

        sections = re.split(r"^## ", read("docs", "metrics.md"), flags=re.MULTILINE)[2:]
        listed = {name: "full set" in section.splitlines()[0] for section in sections
                  for name in re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)}
        self.assertGreater(len(listed), 100)

        def there(name, among):
            return name in among or name + "_bucket" in among

        self.assertEqual([name for name, in_full in listed.items()
                          if not there(name, full if in_full else small)], [],
                         "the docs list what is not there")
        families = {re.sub(r"_(bucket|sum|count)$", "", name)
                    if name not in listed and there(re.sub(r"_(bucket|sum|count)$", "", name), full)
                    else name for name in full}
        self.assertEqual(sorted(families - set(listed)), [], "the docs do not list it")


class Health(Watched):
    def test_brokers_are_not_ready_without_controllers_and_become_so_with_them(self):
        controllers, brokers = self.cluster.of("controller"), self.cluster.of("broker")
        for node in brokers:
            self.wait_health(node, "ready", 200)
        for node in controllers:
            self.cluster.kill(node)
        for node in brokers:
            self.wait_health(node, "ready", 503, "no active controller")
            self.assertEqual(self.health(node, "live")[0], 200)
        # One that starts now is through with recovery, but cannot serve.
        self.cluster.kill(brokers[0])
        self.cluster.start(brokers[0])
        self.wait_health(brokers[0], "startup", 200)
        self.wait_health(brokers[0], "ready", 503, "listeners are not open")
        self.cluster.start(controllers[0])
        self.wait_health(controllers[0], "ready", 503, "no leader")
        for node in controllers[1:]:
            self.cluster.start(node)
        for node in controllers + brokers:
            self.wait_health(node, "ready", 200)

    def test_a_process_that_stands_still_does_not_answer_and_goes_on_afterwards(self):
        node = self.cluster.of("broker")[1]
        self.wait_health(node, "live", 200)
        self.cluster.signal(node, signal.SIGSTOP)
        self.addCleanup(self.cluster.signal, node, signal.SIGCONT)
        host, port = self.cluster.metrics_of(node).rsplit(":", 1)

        def answers():
            connection = http.client.HTTPConnection(host, int(port), timeout=1)
            try:
                connection.request("GET", "/healthz/live")
                return connection.getresponse().status
            except OSError:
                return None
            finally:
                connection.close()

        # A signal takes a moment to stop all threads.
        wait_until("it does not answer", lambda: answers() is None, 30)
        self.cluster.signal(node, signal.SIGCONT)
        self.wait_health(node, "ready", 200)

    def test_a_service_manager_hears_of_ready_and_stopping_and_that_the_loops_turn(self):
        # Without a file: those of the sandbox have names that are too long for a socket.
        name = f"barnabas-metrics-test-{os.getpid()}"
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind("\0" + name)
        manager.settimeout(60)

        def hear(wanted):
            while True:
                message = manager.recv(1000).decode()
                if message == wanted:
                    return
                self.assertEqual(message, "WATCHDOG=1")

        for node in (self.cluster.of("broker")[2], self.cluster.of("controller")[2]):
            self.cluster.stop([node])
            os.environ.update({"NOTIFY_SOCKET": "@" + name, "WATCHDOG_USEC": "200000"})
            try:
                self.cluster.start(node)
            finally:
                del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
            hear("READY=1")
            self.wait_health(node, "startup", 200)
            hear("WATCHDOG=1")
            hear("WATCHDOG=1")
            self.cluster.signal(node, signal.SIGTERM)
            hear("STOPPING=1")
            self.cluster.stop([node])
            self.cluster.restart(node)


class Addresses(unittest.TestCase):
    def start_with(self, **settings):
        cluster = harness.Barnabas(1, 1, settings=settings)
        self.addCleanup(lambda: [cluster.kill(node) for node in cluster.nodes])
        with self.assertRaises(harness.ClusterError) as refused:
            cluster.up()
        return str(refused.exception)

    def test_a_port_that_is_in_use_and_an_address_that_is_none_are_told(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            said = self.start_with(**{"metrics.address": f"127.0.0.1:{port}"})
        self.assertIn("metrics.address", said)
        self.assertIn(f"in use by process {os.getpid()}", said)
        self.assertIn("HOST:PORT", self.start_with(**{"metrics.address": "nonsense"}))
        self.assertIn("allow.insecure.listener", self.start_with(**{"metrics.address": "0.0.0.0:0"}))


if __name__ == "__main__":
    harness.main()
