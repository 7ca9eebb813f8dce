"""Kafka's command-line tools by their own names: what `barnabas` prints in their place, line by line
against what Apache Kafka's own tools print for the same commands against the same kind of cluster.

The expected lines (kafka_tools/NAME.txt) were printed by Kafka's tools (version in
kafka_tools/README.md). To print them again, give a program that runs one of Kafka's tools by name:

    BARNABAS_RECORD_TOOLS=/path/to/run-kafka-tool python3 tests/e2e/kafka_tools_test.py

What differs from run to run is folded on both sides: ids, ports, the order of lists that Kafka
takes from hash maps, and the lines of its logger.
"""

import os
import re
import subprocess
import sys
import time

import harness
from harness import ClusterTest, main, wait_until

EXPECTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kafka_tools")
RECORDER = os.environ.get("BARNABAS_RECORD_TOOLS")

# What the comparison of a step leaves out, and why.
OPTIONS = {
    "unordered": "Kafka prints a hash map's order",
    "first": "only the first line: what follows is a stack trace or the text of --help",
    "code": "Kafka's own tool leaves with 0 although it failed",
    "placed": "which brokers it is, where they are free to choose",
}


class Step:
    def __init__(self, name, tool, words, stdin="", **options):
        assert options.keys() <= OPTIONS.keys(), f"{name}: {options}"
        self.name, self.tool, self.words, self.stdin = name, tool, words, stdin
        self.options = options


def steps(files):
    """The commands in order; the cluster's state grows along the way."""
    topics, configs, groups = "kafka-topics", "kafka-configs", "kafka-consumer-groups"

    def step(name, tool, words, stdin="", **options):
        return Step(name, tool, words.split(), stdin, **options)

    return [
        step("topics-create", topics,
             "--create --topic alpha --partitions 2 --replication-factor 3 --config retention.ms=86400000"),
        step("topics-create-again", topics, "--create --topic alpha --partitions 2", first=True),
        step("topics-create-if-not-exists", topics, "--create --if-not-exists --topic alpha"),
        step("topics-create-assigned", topics, "--create --topic beta.x --replica-assignment 1:2,2:3"),
        step("topics-list", topics, "--list", unordered=True),
        step("topics-describe", topics, "--describe --topic alpha", placed=True),
        step("topics-describe-all", topics, "--describe", unordered=True, placed=True),
        step("topics-describe-missing", topics, "--describe --topic nope", first=True),
        step("topics-alter", topics, "--alter --topic alpha --partitions 4"),
        step("topics-describe-partitions", topics, "--describe --topic alpha", placed=True),
        step("topics-under-replicated", topics, "--describe --under-replicated-partitions"),
        step("topics-with-overrides", topics, "--describe --topics-with-overrides", unordered=True),
        step("topics-unknown-flag", topics, "--lst", first=True),
        step("produce", "kafka-console-producer", "--topic alpha", "one\ntwo\nk:three\n"),
        step("produce-keys", "kafka-console-producer",
             "--topic beta.x --reader-property parse.key=true --reader-property key.separator=:",
             "k1:v1\nk2:v2\n"),
        step("produce-no-separator", "kafka-console-producer",
             "--topic beta.x --reader-property parse.key=true --reader-property key.separator=:",
             "nokey\n", first=True),
        step("topics-create-solo", topics, "--create --topic solo --partitions 1 --replication-factor 3"),
        step("produce-sync", "kafka-console-producer", "--topic solo --sync", "v1\nv2\n"),
        step("consume", "kafka-console-consumer",
             "--topic alpha --from-beginning --max-messages 3 --timeout-ms 20000", unordered=True),
        step("consume-formatted", "kafka-console-consumer",
             "--topic beta.x --from-beginning --max-messages 2 --timeout-ms 20000 "
             "--formatter-property print.key=true --formatter-property print.offset=true "
             "--formatter-property print.headers=true --formatter-property key.separator=|",
             ),
        step("consume-group", "kafka-console-consumer",
             "--topic solo --group g1 --from-beginning --max-messages 1 --timeout-ms 20000"),
        step("consume-partition", "kafka-console-consumer",
             "--topic beta.x --partition 1 --offset 1 --timeout-ms 3000 --max-messages 1"),
        step("offsets", "kafka-get-offsets", "--topic beta.x"),
        step("offsets-earliest", "kafka-get-offsets", "--topic beta.x --time earliest"),
        step("offsets-some", "kafka-get-offsets", "--topic-partitions solo:0,beta.x:1-"),
        step("groups-describe", groups, "--describe --group g1"),
        step("groups-members-of-none", groups, "--describe --group g1 --members"),
        step("groups-state", groups, "--describe --group g1 --state", placed=True),
        step("groups-describe-missing", groups, "--describe --group nope", first=True, code=True),
        step("groups-reset-dry", groups, "--group g1 --topic solo --reset-offsets --to-earliest --dry-run",
             unordered=True),
        step("groups-reset", groups, "--group g1 --topic solo:0 --reset-offsets --to-offset 2 --execute"),
        step("groups-shift", groups,
             "--group g1 --all-topics --reset-offsets --shift-by -1 --dry-run --export", unordered=True),
        step("groups-describe-after", groups, "--describe --group g1"),
        step("groups-delete-offsets", groups, "--delete-offsets --group g1 --topic solo:0"),
        step("groups-delete", groups, "--delete --group g1"),
        step("groups-delete-missing", groups, "--delete --group nope"),
        step("configs-describe", configs, "--describe --entity-type topics --entity-name alpha"),
        step("configs-alter", configs,
             "--alter --entity-type topics --entity-name alpha "
             "--add-config retention.ms=1000000,cleanup.policy=[compact,delete]"),
        step("configs-describe-altered", configs, "--describe --topic alpha"),
        step("configs-remove", configs, "--alter --topic alpha --delete-config retention.ms"),
        step("configs-missing-topic", configs, "--describe --entity-type topics --entity-name nope"),
        step("configs-broker", configs, "--describe --entity-type brokers --entity-name 1"),
        step("configs-default-alter", configs,
             "--alter --entity-type brokers --entity-default --add-config log.retention.ms=100000000"),
        step("configs-default", configs, "--describe --entity-type brokers --entity-default"),
        step("delete-records", "kafka-delete-records", f"--offset-json-file {files}/records.json"),
        step("elect-needless", "kafka-leader-election",
             f"--election-type preferred --path-to-json-file {files}/leaders.json"),
        step("elect-all", "kafka-leader-election", "--election-type preferred --all-topic-partitions"),
        step("topics-delete", topics, "--delete --topic alpha"),
        step("topics-delete-missing", topics, "--delete --topic nope", first=True),
        step("topics-delete-if-exists", topics, "--delete --topic nope --if-exists"),
    ]


def folded(text, step):
    """What two runs must have in common."""
    lines = [line for line in text.split("\n")
             if not re.match(r"(\d{4}-\d\d-\d\dT|\tat |Caused by: )", line)]
    if step.options.get("first"):
        lines = lines[:2] if lines and not lines[0] else lines[:1]
    out = []
    for line in lines:
        line = re.sub(r"TopicId: \S+", "TopicId: ID", line)
        line = re.sub(r"(127\.0\.0\.1|localhost):\d+ *", "HOST:PORT ", line)
        if step.options.get("placed"):
            line = re.sub(r"(Leader|Replicas|Isr): [\d,]+", r"\1: N", line)
            line = re.sub(r"\(\d+\) *", "(N) ", line)
        out.append(line)
    if step.options.get("unordered"):
        out.sort()
    return "\n".join(out)


class Tools(ClusterTest):
    settings = {"group.initial.rebalance.delay.ms": "0"}

    def setUp(self):
        super().setUp()
        self.directory = harness.temporary()
        with open(f"{self.directory}/records.json", "w") as out:
            out.write('{"partitions":[{"topic":"beta.x","partition":1,"offset":1}],"version":1}')
        with open(f"{self.directory}/leaders.json", "w") as out:
            out.write('{"partitions":[{"topic":"alpha","partition":0}]}')
        os.makedirs(f"{self.directory}/names", exist_ok=True)

    def command(self, step):
        words = ["--bootstrap-server", self.cluster.bootstrap, *step.words]
        if RECORDER:
            return [RECORDER, step.tool, *words]
        link = f"{self.directory}/names/{step.tool}.sh"
        if not os.path.islink(link):
            os.symlink(os.path.realpath(self.cluster.tool("barnabas")[0]), link)
        return [link, *words]

    def run_step(self, step):
        return subprocess.run(self.command(step), input=step.stdin, capture_output=True, text=True,
                              timeout=90)


class AgainstKafka(Tools):
    def test_each_tool_prints_the_lines_of_kafkas_own(self):
        slowest = ("", 0.0)
        for step in steps(self.directory):
            start = time.monotonic()
            ran = self.run_step(step)
            took = time.monotonic() - start
            if not step.tool.startswith("kafka-console"):
                slowest = max(slowest, (step.name, took), key=lambda pair: pair[1])
            path = os.path.join(EXPECTED, step.name + ".txt")
            # Where the error goes, to stdout or stderr, differs among Kafka's own tools.
            text = ran.stdout if ran.stdout.strip() or ran.returncode == 0 else ran.stderr
            printed = f"exit {ran.returncode}\n" + folded(text, step)
            if RECORDER:
                with open(path, "w") as out:
                    out.write(printed)
                continue
            with self.subTest(step.name):
                with open(path) as expected:
                    expected = expected.read()
                if step.options.get("code"):
                    printed, expected = printed.split("\n", 1)[1], expected.split("\n", 1)[1]
                self.assertEqual(printed, expected, f"{step.tool} {' '.join(step.words)}\n{ran.stderr}")
        print(f"slowest tool: {slowest[0]}, {slowest[1] * 1000:.0f} ms", file=sys.stderr)

class LiveCluster(Tools):
    def test_a_live_group_is_shown_and_can_neither_be_deleted_nor_reset(self):
        self.cluster.create("gamma", partitions=2)
        consumer = subprocess.Popen(
            self.command(Step("", "kafka-console-consumer",
                              ["--topic", "gamma", "--group", "live", "--from-beginning"])),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(consumer.wait)
        self.addCleanup(consumer.kill)

        def ask(*words):
            return self.run_step(Step("", "kafka-consumer-groups", words)).stdout

        state = wait_until("the group is stable", lambda: (
            lambda text: text if " Stable " in text else "")(
                ask("--describe", "--group", "live", "--state")), seconds=60)
        self.assertRegex(state, r"\nlive +\S+:\d+ +\(\d\) +\S+ +Stable +1\n")
        offsets = ask("--describe", "--group", "live")
        self.assertRegex(offsets, r"\nlive +gamma +0 +- +0 +- +console-consumer-\S+ +/127.0.0.1 +console-consumer\n")
        self.assertIn("gamma:0,1", ask("--describe", "--group", "live", "--members", "--verbose"))
        self.assertIn("live\n", ask("--list"))
        self.assertRegex(ask("--list", "--state", "stable"), r"GROUP +STATE +\nlive +Stable +\n")
        self.assertEqual(ask("--delete", "--group", "live"),
                         "\nError: Deletion of some consumer groups failed:\n* Group 'live' could not be "
                         "deleted due to: org.apache.kafka.common.errors.GroupNotEmptyException: "
                         "The group is not empty.\n")
        self.assertIn("Error: Assignments can only be reset if the group 'live' is inactive, but the "
                      "current state is Stable.",
                      ask("--group", "live", "--topic", "gamma", "--reset-offsets", "--to-earliest",
                          "--execute"))

    def test_the_console_consumer_commits_also_where_it_has_read_nothing(self):
        self.cluster.create("sigma", partitions=3)
        self.run_step(Step("", "kafka-console-producer", ["--topic", "sigma"], stdin="one\n"))
        read = ["--topic", "sigma", "--max-messages", "1", "--timeout-ms", "30000"]
        ran = self.run_step(Step("", "kafka-console-consumer",
                                 [*read, "--group", "all", "--from-beginning"]))
        self.assertEqual(ran.stdout, "one\n", ran.stderr)
        # Once more: what was committed stays.
        self.run_step(Step("", "kafka-console-consumer",
                           ["--topic", "sigma", "--group", "all", "--timeout-ms", "1000"]))
        described = self.run_step(Step("", "kafka-consumer-groups",
                                       ["--describe", "--group", "all"])).stdout
        offsets = re.findall(r"^all +sigma +(\d) +(\S+) +(\d+) +(\S+) ", described, re.MULTILINE)
        self.assertEqual([each[0] for each in offsets], ["0", "1", "2"], described)
        self.assertEqual(sorted(each[1:] for each in offsets),
                         [("0", "0", "0"), ("0", "0", "0"), ("1", "1", "0")], described)

    def test_versions_and_directories_are_those_of_the_brokers(self):
        self.cluster.create("delta", partitions=3)
        apis = self.run_step(Step("", "kafka-broker-api-versions", [])).stdout
        self.assertEqual(len(re.findall(r"\(id: \d rack: null isFenced: false\) -> \(\n", apis)), 3)
        self.assertRegex(apis, r"\n\tFetch\(1\): 4 to \d+ \[usable: \d+\],\n")
        self.assertTrue(apis.endswith("\n)\n"), apis[-100:])
        lines = self.run_step(Step("", "kafka-log-dirs", ["--describe", "--topic-list", "delta",
                                                          "--broker-list", "1,2"])).stdout.splitlines()
        self.assertEqual(lines[:2], ["Querying brokers for log directories information",
                                     "Received log directory information from brokers 1,2"])
        self.assertRegex(lines[2], r'^\{"brokers":\[\{"broker":1,"logDirs":\[\{"partitions":\[\{"partition":'
                                   r'"delta-\d","size":0,"offsetLag":0,"isFuture":false\}')

    def test_an_address_where_nobody_listens_is_named_at_once(self):
        start = time.monotonic()
        ran = subprocess.run([*self.cluster.tool("barnabas"), "kafka-topics", "--bootstrap-server",
                              "127.0.0.1:1", "--list"], capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("cannot connect to 127.0.0.1:1: Connection refused", ran.stdout)
        self.assertLess(time.monotonic() - start, 30)


if __name__ == "__main__":
    main()
