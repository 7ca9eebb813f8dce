"""Consumer groups with clients of other languages: kafkajs, and Apache Kafka's own in Java.

tests/clients/install.sh fetches them before; what it could not fetch is skipped with its reason.
"""

import os
import unittest

import harness
from groupcase import GroupTest

HOME = os.environ.get("BARNABAS_CLIENTS", "")


def needs(client):
    """Skips with what install.sh had to say."""
    if not HOME:
        return unittest.skip("tests/run.sh fetches the clients and sets BARNABAS_CLIENTS")
    try:
        with open(os.path.join(HOME, client + ".missing"), encoding="utf-8") as said:
            return unittest.skip(said.read().strip())
    except FileNotFoundError:
        return lambda case: case


def foreign_member(client, bootstrap, group, topic, session_ms, *words):
    rest = [bootstrap, group, topic, str(session_ms), *words]
    if client == "kafkajs":
        return ["node", os.path.join(HOME, "member.js"), *rest]
    classes = os.path.join(HOME, "java")
    # Short lives on few cores.
    return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx96m",
            "-cp", f"{classes}/*:{classes}", "Member", *rest]


class OtherClients(GroupTest):
    command = staticmethod(foreign_member)

    @needs("kafkajs")
    def test_kafkajs_members_join_die_and_leave(self):
        self.ups_and_downs("kafkajs")

    @needs("java")
    def test_java_members_join_die_and_leave_eagerly(self):
        self.ups_and_downs("java", "range")

    @needs("java")
    def test_java_members_join_die_and_leave_cooperatively(self):
        self.ups_and_downs("java", "cooperative")


if __name__ == "__main__":
    harness.main()
