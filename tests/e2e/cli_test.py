"""Every verb of the `barnabas` command against a real cluster: its JSON, its exit code, what it
changes, and how long it takes."""

import json
import os
import socket
import subprocess
import time

import harness
from harness import wait_until

try:
    import confluent_kafka
except ImportError:
    confluent_kafka = None


class CliTest(harness.ClusterTest):
    settings = {"group.initial.rebalance.delay.ms": "0"}

    def run_cli(self, *words, exit_code=0, stdin=None, controllers=None, environment=None):
        """stdout of the command, which has to end with that exit code."""
        variables = {**os.environ, "BARNABAS_CONTROLLERS": controllers or self.cluster.controllers,
                     "BARNABAS_BROKERS": "", **(environment or {})}
        ran = subprocess.run(self.cluster.tool("barnabas", *words), input=stdin, text=True,
                             capture_output=True, timeout=100, env=variables)
        self.said = ran.stderr
        self.assertEqual(ran.returncode, exit_code,
                         f"{' '.join(map(str, words))}\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    def asked(self, *words, **options):
        return json.loads(self.run_cli(*words, "--format", "json", **options))

    def problem(self, *words, exit_code):
        """The four parts of what stands on stderr."""
        self.run_cli(*words, "--format", "json", exit_code=exit_code)
        error = json.loads(self.said.splitlines()[0])["error"]
        self.assertEqual(sorted(error), ["came_back", "cause", "exit", "next", "tried"])
        self.assertTrue(error["tried"] and error["came_back"] and error["next"], error)
        return error

    def create(self, topic, partitions=1, replicas=3):
        self.run_cli("topic", "create", topic, "-p", partitions, "-r", replicas, "-q")
        self.cluster.wait_led(topic)


class Topics(CliTest):
    def test_alter_shows_old_and_new_and_describe_knows_it(self):
        self.create("altered")
        change, = self.asked("topic", "alter", "altered", "-c", "retention.ms=3600000")["changes"]
        self.assertEqual((change["before"], change["before_source"]), ("604800000", "default"))
        self.assertEqual((change["after"], change["after_source"]), ("3600000", "topic"))
        topic, = self.asked("topic", "describe", "altered")["topics"]
        self.assertEqual(topic["configs"], [{"key": "retention.ms", "value": "3600000"}])
        self.assertIn("3600000 (topic) -> 604800000 (default)",
                      self.run_cli("topic", "alter", "altered", "--unset", "retention.ms"))
        self.assertIn("INVALID_CONFIG 40", self.problem(
            "topic", "alter", "altered", "-c", "retention.ms=soon", exit_code=1)["came_back"])

    def test_add_partitions_makes_them_and_never_fewer(self):
        self.create("grown", 2)
        self.run_cli("topic", "add-partitions", "grown", "--add", 1)
        self.run_cli("topic", "add-partitions", "grown", "-p", 5, "--validate-only")
        self.assertEqual(len(self.cluster.partitions("grown")), 3)
        self.assertIn("INVALID_PARTITIONS 37", self.problem(
            "topic", "add-partitions", "grown", "-p", 2, exit_code=1)["came_back"])
        self.problem("topic", "add-partitions", "nowhere", "--add", 1, exit_code=3)

    def test_describe_has_offsets_sizes_and_followers_lag(self):
        self.create("described")
        self.run_cli("produce", "described", "-q", stdin="a\nb\nc\n")
        log, = self.asked("topic", "describe", "described")["logs"]
        self.assertEqual((log["topic"], log["partition"], log["start"], log["end"]),
                         ("described", 0, 0, 3))
        self.assertEqual(sorted(replica["node"] for replica in log["replicas"]), [1, 2, 3])
        self.assertTrue(all(replica["bytes"] > 0 for replica in log["replicas"]), log)
        text = self.run_cli("topic", "describe", "described", "--format", "wide")
        self.assertIn("unclean.leader.election.enable", text)

    def test_trim_deletes_the_oldest_records(self):
        self.create("trimmed")
        self.run_cli("produce", "trimmed", "-q", stdin="".join(f"{i}\n" for i in range(20)))
        would = self.asked("topic", "trim", "trimmed", "--before", "-5", "--dry-run")
        self.assertEqual((would["executed"], would["partitions"][0]["deleted"]), (False, 15))
        did = self.asked("topic", "trim", "trimmed:0", "--before", "-5")
        self.assertEqual((did["executed"], did["partitions"][0]["start_then"]), (True, 15))
        self.assertEqual(self.run_cli("consume", "trimmed", "-o", "start", "-e"),
                         "15\n16\n17\n18\n19\n")


class Groups(CliTest):
    def member(self, group, topic, count):
        """A consumer that has read and committed so many records, and goes on living."""
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.cluster.bootstrap, "group.id": group,
            "client.id": "reader", "auto.offset.reset": "earliest", "enable.auto.commit": False})
        self.addCleanup(consumer.close)
        consumer.subscribe([topic])
        deadline = time.monotonic() + 60
        for _ in range(count):
            message = None
            while message is None or message.error():
                self.assertLess(time.monotonic(), deadline, "no records")
                message = consumer.poll(0.5)
        consumer.commit(asynchronous=False)
        return consumer

    def group(self, name):
        found, = self.asked("group", "describe", name)["groups"]
        return found

    def test_the_whole_life_of_a_group(self):
        self.create("lane")
        hour_ago = int((time.time() - 3600) * 1000)
        self.run_cli("produce", "lane", "-q", "-f", "%T %k=%v",
                     stdin="".join(f"{hour_ago + i} k{i}=v{i}\n" for i in range(30)))
        consumer = self.member("readers", "lane", 10)
        group = self.group("readers")
        self.assertEqual((group["state"], group["assignor"], group["lag"]), ("Stable", "range", 20))
        self.assertEqual(group["members"][0]["client"], "reader")
        self.assertEqual(group["members"][0]["assigned"], [{"topic": "lane", "partition": 0}])
        offset, = group["offsets"]
        self.assertEqual((offset["committed"], offset["start"], offset["end"]), (10, 0, 30))
        self.assertEqual(offset["member"], group["members"][0]["id"])
        self.assertTrue(3590 <= group["lag_seconds"] <= 3900, group["lag_seconds"])
        rebalance = group["last_rebalance"]
        self.assertEqual(rebalance["reason"], "member_joined")
        self.assertIn(group["members"][0]["id"], rebalance["text"])
        self.assertLessEqual(hour_ago, rebalance["at_ms"])
        self.assertGreaterEqual(rebalance["number"], 1)
        self.assertIn("(member_joined): member reader-", self.run_cli("group", "describe", "readers"))
        self.assertEqual(self.run_cli("group", "lag", "readers", "-q"), "20\n")
        self.assertIn("readers", self.run_cli("group", "list", "--state", "stable", "-q").split())

        refused = self.problem("group", "seek", "readers", "--to", "start", "--execute", exit_code=8)
        self.assertIn("NON_EMPTY_GROUP 68", refused["came_back"])
        self.assertIn("reader", refused["came_back"])
        self.assertIn("NON_EMPTY_GROUP 68",
                      self.problem("group", "delete", "readers", exit_code=8)["came_back"])
        consumer.close()
        wait_until("the member has left", lambda: self.group("readers")["state"] == "Empty")

        plan = self.asked("group", "seek", "readers", "--to", "+5")
        self.assertEqual((plan["executed"], plan["offsets"][0]["to"]), (False, 15))
        self.assertEqual(self.group("readers")["offsets"][0]["committed"], 10)
        for to, offset in (("+5", 15), ("-4", 11), ("end", 30), ("@-30m", 30), ("start", 0),
                           (f"@{hour_ago + 7}", 7), ("27", 27)):
            self.run_cli("group", "seek", "readers", "--to", to, "--topic", "lane:0", "--execute")
            self.assertEqual(self.group("readers")["offsets"][0]["committed"], offset, to)
        self.run_cli("group", "offset-delete", "readers", "--topic", "lane")
        wait_until("the group is gone or empty", lambda: "lane" not in json.dumps(
            self.asked("group", "list")) and self.run_cli(
                "group", "seek", "readers", "--to", "3", "--topic", "lane", "--execute") is not None)
        self.assertEqual(self.run_cli("group", "delete", "readers"), "deleted group readers\n")
        self.problem("group", "describe", "readers", exit_code=3)
        self.problem("group", "delete", "readers", exit_code=3)

    def test_lag_is_nothing_at_the_end(self):
        self.create("calm")
        self.run_cli("produce", "calm", "-q", stdin="a\nb\n")
        self.run_cli("group", "seek", "calm", "--topic", "calm", "--to", "end", "--execute", "-q")
        lag, = self.asked("group", "lag", "calm")["groups"]
        self.assertEqual((lag["lag"], lag["lag_seconds"]), (0, 0))


    def test_what_is_watched_is_shown_again_until_nobody_reads_it(self):
        self.create("seen", 2)
        watching = subprocess.Popen(
            self.cluster.tool("barnabas", "topic", "describe", "seen", "--watch",
                              "--format", "json"), text=True, stdout=subprocess.PIPE,
            env={**os.environ, "BARNABAS_CONTROLLERS": self.cluster.controllers})
        self.addCleanup(watching.kill)

        def partitions():
            topic, = json.loads(watching.stdout.readline())["topics"]
            return len(topic["partitions"])

        self.assertEqual(partitions(), 2)
        self.run_cli("topic", "add-partitions", "seen", "-p", "3")
        wait_until("the third partition is shown", lambda: partitions() == 3)
        watching.stdout.close()
        self.assertEqual(watching.wait(60), 0)


class Nodes(CliTest):
    def leaders(self, node):
        brokers = self.asked("node", "list")["brokers"]
        return next(broker["leaders"] for broker in brokers if broker["id"] == node)

    def test_drain_takes_all_leaderships_away_and_undrain_lets_it_lead_again(self):
        self.create("spread", 9)
        self.cluster.wait_in_sync("spread")
        self.assertGreater(self.leaders(2), 0)
        for _ in range(2):  # may be repeated
            self.assertEqual(self.asked("node", "drain", 2)["leaders"], 0)
        self.assertEqual(self.leaders(2), 0)
        self.assertTrue(next(b["draining"] for b in self.asked("node", "list")["brokers"]
                             if b["id"] == 2))
        self.run_cli("produce", "spread", "-q", stdin="still\n" * 50)
        self.run_cli("node", "undrain", 2)
        self.assertFalse(any(b["draining"] for b in self.asked("node", "list")["brokers"]))

    def test_drain_names_what_nobody_else_can_lead(self):
        self.run_cli("topic", "create", "alone", "--assign", "0=3", "-q")
        self.cluster.wait_led("alone")
        self.addCleanup(self.run_cli, "topic", "delete", "alone", "-q")
        self.addCleanup(self.run_cli, "node", "undrain", 3)
        found = self.asked("node", "drain", 3, exit_code=8)
        self.assertEqual(found["stays"],
                         [{"partition": "alone:0", "reason": "this is its only replica"}])

    def test_a_node_that_is_not_there_is_not_found(self):
        self.problem("node", "drain", 77, exit_code=3)
        self.problem("config", "get", "--node", "77", "--bootstrap", self.cluster.bootstrap,
                     "no.such.key", exit_code=3)


class Settings(CliTest):
    def value(self, *words):
        config, = self.asked("config", "get", *words)["configs"]
        return config["value"], config["source"]

    def test_a_setting_comes_from_the_topic_else_from_the_cluster_else_from_the_default(self):
        self.create("set")
        words = ("--topic", "set", "segment.bytes")
        self.assertEqual(self.value(*words), ("1073741824", "default"))
        self.addCleanup(self.run_cli, "config", "set", "--cluster", "--unset", "log.segment.bytes")
        self.run_cli("config", "set", "--cluster", "log.segment.bytes=1048576")
        self.assertEqual(self.value(*words), ("1048576", "cluster"))
        self.run_cli("config", "set", "--topic", "set", "segment.bytes=2097152")
        self.assertEqual(self.value(*words), ("2097152", "topic"))
        diff = self.asked("config", "diff", "--topic", "set")
        self.assertEqual([config["key"] for config in diff["configs"]], ["segment.bytes"])
        self.create("other")
        differences = self.asked("config", "diff", "--topic", "set", "--topic", "other")
        self.assertEqual([(d["key"], d["left"], d["right"]) for d in differences["differences"]],
                         [("segment.bytes", "2097152", "1048576")])

    def test_a_node_says_what_its_file_says(self):
        value, source = self.value("--node", "1", "group.initial.rebalance.delay.ms")
        self.assertEqual((value, source), ("0", "file"))
        described = self.asked("config", "describe", "--node", "1", "log.retention.ms")
        self.assertIn("documentation", described["configs"][0])

    def test_what_is_refused_says_why(self):
        self.create("refused")
        error = self.problem("config", "set", "--topic", "refused", "retention.mss=1", exit_code=1)
        self.assertIn("INVALID_CONFIG 40", error["came_back"])
        self.assertIn("retention.ms", error["came_back"])
        self.problem("config", "set", "--topic", "nowhere", "retention.ms=1", exit_code=3)
        self.problem("config", "get", "--topic", "refused", "retention.mss", exit_code=3)

    def test_explanations_need_no_cluster(self):
        nobody = {"controllers": "127.0.0.1:1"}
        for words in (("explain", "19"), ("explain", "NOT_ENOUGH_REPLICAS"), ("explain", "exit:8"),
                      ("explain", "retention.ms"), ("config", "explain", "retention.ms"),
                      ("config", "list"), ("version",)):
            self.assertTrue(self.asked(*words, **nobody), words)


class Streams(CliTest):
    def test_records_go_in_and_out_as_a_layout_says(self):
        self.create("laid")
        self.run_cli("produce", "laid", "-q", "-f", "%T|%h|%k|%v", "-H", "all=x",
                     stdin="1700000000000|a=1,b=2|key|value | with more\n")
        self.assertEqual(
            self.run_cli("consume", "laid", "-o", "start", "-n", 1, "-f",
                         "%t/%p/%o %T %d %h %k %v %K %V%%\\n"),
            "laid/0/0 1700000000000 2023-11-14T22:13:20.000Z a=1,b=2,all=x key value | with more "
            "3 17%\n")
        record = json.loads(self.run_cli("consume", "laid", "-o", "start", "-n", 1, "--format",
                                         "jsonl"))
        self.assertEqual((record["key"], record["headers"][2]), ("key", {"key": "all", "value": "x"}))
        self.run_cli("produce", "laid", "-f", "%k\\t%v", stdin="a\tb\nmisfit\n", exit_code=9)
        self.assertIn("line 2 does not fit", self.said)

    def test_consume_says_why_it_prints_nothing(self):
        self.create("silent", 3)
        self.run_cli("produce", "silent", "-q", stdin="x\n" * 12)
        self.assertEqual(self.run_cli("consume", "silent", "-e"), "")
        self.assertIn("at end of 3/3 partitions; 12 records exist before; use -o start", self.said)

    def test_a_pipe_that_closes_early_ends_it_quietly(self):
        self.create("piped")
        self.run_cli("produce", "piped", "-q", stdin="line\n" * 20000)
        tool = " ".join(self.cluster.tool("barnabas"))
        for words in ("consume piped -o start -e", "consume piped -o start",
                      "topic describe --format wide", "config list", "--help"):
            ran = subprocess.run(
                ["bash", "-c", f"{tool} {words} | head -n 1; echo ${{PIPESTATUS[0]}}"],
                capture_output=True, text=True, timeout=60,
                env={**os.environ, "BARNABAS_CONTROLLERS": self.cluster.controllers})
            self.assertEqual(ran.stderr, "", words)
            self.assertIn(ran.stdout.splitlines()[-1], ("0", "141"), words)


class Shape(CliTest):
    """What all verbs have in common."""

    READING = [("status",), ("quorum", "status"), ("topic", "list"), ("topic", "describe", "shape"),
               ("group", "list"), ("group", "describe", "shape"), ("group", "lag", "shape"),
               ("group", "seek", "shape", "--to", "start"),
               ("topic", "trim", "shape", "--before", "end", "--dry-run"), ("node", "list"),
               ("config", "get", "--topic", "shape"), ("config", "get", "--node", "1"),
               ("config", "describe", "--cluster"), ("config", "diff", "--topic", "shape"),
               ("config", "list"), ("config", "explain", "retention.ms"), ("explain", "NONE_SUCH"),
               ("explain", "3"), ("version",)]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.create("shape", 2)
        for words, stdin in ((("produce", "shape", "-q"), "a\nb\n"),
                             (("group", "seek", "shape", "--topic", "shape", "--to", "1",
                               "--execute"), None)):
            cls.cluster.barnabas(*words, stdin=stdin)

    def test_each_verb_has_each_form(self):
        for words in self.READING:
            code = 3 if "NONE_SUCH" in words else 0
            table = self.run_cli(*words, exit_code=code)
            self.run_cli(*words, "--format", "wide", "-q", exit_code=code)
            if code:
                continue
            whole = self.asked(*words)
            lines = self.run_cli(*words, "--format", "jsonl").splitlines()
            self.assertTrue(all(json.loads(line) is not None for line in lines), words)
            first = next(iter(whole))
            self.assertIn(first, self.run_cli(*words, "--format", "yaml"), words)
            self.assertNotIn("\033", table)  # stdout is no terminal
        titles, *rows = self.run_cli("topic", "list").splitlines()
        self.assertTrue(titles.startswith("topic"), titles)
        self.assertEqual(self.run_cli("topic", "list", "--no-headers").splitlines(), rows)

    def test_each_exit_code(self):
        self.run_cli("topic", "list")
        self.problem("topic", "create", "shape/bad", exit_code=1)
        self.problem("topic", "crate", "x", exit_code=2)
        self.problem("topic", "describe", "nowhere", exit_code=3)
        self.problem("topic", "create", "shape", exit_code=4)
        self.run_cli("topic", "list", "--format", "json", "--controllers", "127.0.0.1:1",
                     exit_code=6)
        self.run_cli("group", "list", "--bootstrap", "127.0.0.1:1", exit_code=6)
        with socket.socket() as silent:  # takes connections and says nothing
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            where = f"127.0.0.1:{silent.getsockname()[1]}"
            self.run_cli("topic", "list", "--timeout", "700ms", "--controllers", where, exit_code=7)
            self.run_cli("group", "list", "--timeout", "2500ms", "--bootstrap", where, exit_code=7)
            self.assertIn("still trying after 2.0 s ...", self.said)
        self.problem("topic", "create", "many", "-r", "9", exit_code=8)
        self.addCleanup(self.run_cli, "topic", "delete", "new-one", "-q")
        self.problem("topic", "create", "new-one", "shape", exit_code=9)
        self.run_cli("status", "--nonsense", exit_code=64)
        self.run_cli("topic", "list", "-X", "linger.ms=1", exit_code=2)

    def complete(self, *words, **options):
        return self.run_cli("__complete", *words, **options).split()

    def test_completion_knows_verbs_flags_and_live_names(self):
        self.assertIn("describe", self.complete("topic", ""))
        self.assertEqual(self.complete("topic", "des"), ["describe"])
        self.assertIn("--format", self.complete("topic", "list", "--f"))
        self.assertIn("yaml", self.complete("topic", "list", "--format", ""))
        self.assertEqual(self.complete("topic", "describe", "sha"), ["shape"])
        self.assertEqual(self.complete("consume", "sha"), ["shape"])
        self.assertEqual(self.complete("group", "describe", "sh"), ["shape"])
        self.assertEqual(self.complete("node", "drain", ""), ["1", "2", "3"])
        self.assertIn("retention.ms=", self.complete("config", "set", "--topic", "shape", "retention"))
        self.assertIn("NOT_ENOUGH_REPLICAS", self.complete("explain", "NOT_EN"))
        begun = time.monotonic()
        self.assertEqual(self.complete("topic", "describe", "", controllers="127.0.0.1:1"), [])
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            self.complete("topic", "describe", "",
                          controllers=f"127.0.0.1:{silent.getsockname()[1]}")
        self.assertLess(time.monotonic() - begun, 10)

    def in_shell(self, *command):
        """What a shell prints that finds `barnabas` on its path."""
        directory = os.path.dirname(self.cluster.tool("barnabas")[0])
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60,
                             env={**os.environ, "PATH": directory + ":" + os.environ["PATH"],
                                  "HOME": harness.temporary(),
                                  "BARNABAS_CONTROLLERS": self.cluster.controllers})
        self.said = ran.stderr
        return ran.stdout

    def test_the_script_for_bash_completes(self):
        script = ('source <(barnabas completion bash); COMP_WORDS=(barnabas topic describe sha); '
                  'COMP_CWORD=3; COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}; '
                  '_barnabas; echo "${COMPREPLY[@]}"')
        self.assertEqual(self.in_shell("bash", "-c", script), "shape\n", self.said)

    def test_the_script_for_fish_completes(self):
        script = 'barnabas completion fish | source; complete -C "barnabas topic describe sha"'
        self.assertEqual(self.in_shell("fish", "--no-config", "-c", script), "shape\n", self.said)

    def test_the_script_for_zsh_completes(self):
        # Without a terminal, what would be offered is printed.
        script = ('autoload -Uz compinit; compinit -D -u; source <(barnabas completion zsh); '
                  'compadd() { print -r -- "$@" }; words=(barnabas topic describe sha) CURRENT=4; '
                  '$_comps[barnabas]')
        self.assertEqual(self.in_shell("zsh", "-f", "-c", script), "-- shape\n", self.said)

    def test_each_verb_is_quick(self):
        """Prints the figures; nothing is asserted, because the machine may be busy."""
        lines = []
        for words in self.READING + [("consume", "shape", "-o", "start", "-n", "1"),
                                     ("produce", "shape")]:
            times = []
            for _ in range(2):
                begun = time.monotonic()
                subprocess.run(self.cluster.tool("barnabas", *words), capture_output=True,
                               timeout=60, check=False, input=b"",
                               env={**os.environ, "BARNABAS_CONTROLLERS": self.cluster.controllers})
                times.append((time.monotonic() - begun) * 1000)
            lines.append(f"{min(times):7.1f} ms  {' '.join(words)}")
        print("wall time of each verb, the better of 2:\n" + "\n".join(lines), flush=True)


if __name__ == "__main__":
    harness.main()
